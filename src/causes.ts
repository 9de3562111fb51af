/**
 * Why a run failed, in words for the reader.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { Blame, hasSeveral, ICause, IRun, ISession } from './protocol';
import { serviceName } from './servicename';

/** Kinds whose heading says on one line what their message says at length. */
const TERSE = ['died', 'disk', 'memory', 'time'];

/** Why a run failed, on one line: its cell and what that raised, or the message. */
export function errorText(run: IRun, trans: TranslationBundle): string {
  const { cause, messages } = run;
  if (cause && TERSE.includes(cause.kind)) {
    return causeHeading(cause, trans, hasSeveral(run));
  }
  if (cause?.cell && cause.ename) {
    if (cause.step && hasSeveral(run)) {
      const what = cause.evalue
        ? trans.__('%1: %2', cause.ename, cause.evalue)
        : cause.ename;
      return trans.__('cell %1 of %2: %3', cause.cell, cause.step, what);
    }
    return cause.evalue
      ? trans.__('cell %1: %2: %3', cause.cell, cause.ename, cause.evalue)
      : trans.__('cell %1: %2', cause.cell, cause.ename);
  }
  const message = cause?.message || messages?.[messages.length - 1];
  return message || trans.__('The run failed.');
}

/**
 * What kind of error it is, and where it happened.
 *
 * @param isNamed Whether a cell's step is named: the run has several notebooks.
 */
export function causeHeading(
  cause: ICause,
  trans: TranslationBundle,
  isNamed = false
): string {
  const { cell, step } = cause;
  const kind = kindText(cause, trans);
  if (isNamed && cell && step) {
    return cause.kind === 'notebook'
      ? trans.__('Cell %1 of %2 raised an error', cell, step)
      : trans.__('%1 in cell %2 of %3', kind, cell, step);
  }
  if (cause.kind === 'notebook' && cell) {
    return trans.__('Cell %1 raised an error', cell);
  }
  if (cell) {
    return trans.__('%1 in cell %2', kind, cell);
  }
  // What the service or the template lacks, no step could help.
  return step && !['template', 'storage', 'service'].includes(cause.kind)
    ? trans.__('%1 in step %2', kind, step)
    : kind;
}

function kindText(cause: ICause, trans: TranslationBundle): string {
  switch (cause.kind) {
    case 'notebook':
      return trans.__('An error');
    case 'kernel':
      return trans.__('The kernel could not start');
    case 'died':
      return trans.__('The kernel died');
    case 'memory':
      return trans.__('Out of memory');
    case 'time':
      return trans.__('Out of time');
    case 'disk':
      return trans.__('Too much was written to disk');
    case 'step':
      return trans.__('A command failed');
    case 'output':
      return trans.__('A result is missing');
    case 'metrics':
      return trans.__('The scores are not as declared');
    case 'template':
      return trans.__('The benchmark has a fault');
    case 'storage':
      return trans.__('No space left at the service');
    case 'service':
      return trans.__('The service failed');
    default:
      return trans.__('The run failed');
  }
}

/** Whose error it is; null when the service does not say and it is not plain. */
export function blameOf(cause: ICause): Blame | null {
  if (cause.blame) {
    return cause.blame;
  }
  switch (cause.kind) {
    case 'service':
    case 'storage':
      return 'service';
    case 'template':
      return 'coordinator';
    default:
      return null;
  }
}

/** That it is not the participant's fault, and whom to tell; empty when it may be. */
export function blameText(
  cause: ICause,
  session: ISession | null,
  isCoordinator: boolean,
  trans: TranslationBundle
): string {
  const blame = blameOf(cause);
  if (blame === 'service') {
    if (session?.kind !== 'embedded') {
      return trans.__(
        'It is not your fault. Tell the administrator of %1, or submit again later.',
        serviceName(session, trans)
      );
    }
    return cause.kind === 'storage'
      ? trans.__(
          'Your notebook is not at fault. Make room on the disk, then submit again.'
        )
      : trans.__(
          'Your notebook is not at fault, but the ROB service on your machine. Submit again.'
        );
  }
  if (blame !== 'coordinator') {
    return '';
  }
  // The evaluation also fails when it can't read what the notebook has left.
  if (cause.kind === 'step' || cause.kind === 'notebook') {
    return isCoordinator
      ? trans.__(
          "This step is the benchmark's, which you coordinate. Unless its message is about the results, mend it."
        )
      : trans.__(
          "This step is the benchmark's, not yours. Unless its message is about your results, it is not your fault: tell the benchmark's coordinator."
        );
  }
  return isCoordinator
    ? trans.__(
        'The notebook is not at fault, but the benchmark, which you coordinate.'
      )
    : trans.__(
        'It is not your fault: the benchmark has to be mended. Tell its coordinator.'
      );
}
