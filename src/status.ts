/**
 * How things stand, in words for the reader.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatValue } from './format';
import type { Blocker } from './models/submission';
import {
  ILeaderboard,
  IParameter,
  IRun,
  ISession,
  mainColumn
} from './protocol';

/** One line that says how a run stands. */
export function statusText(
  run: IRun,
  board: ILeaderboard | null,
  trans: TranslationBundle
): string {
  switch (run.state) {
    case 'PENDING':
      return trans.__('waiting');
    case 'RUNNING':
      return progressText(run, trans);
    case 'SUCCESS':
      return mainResult(run, board);
    case 'ERROR':
      return errorText(run, trans);
    case 'CANCELED':
      return trans.__('canceled');
  }
}

/** The share of the cells that have run, null when it is not known. */
export function progressShare(run: IRun): number | null {
  const { cell, cells } = run.progress ?? {};
  return cell && cells ? Math.min(1, (cell - 1) / cells) : null;
}

function progressText(run: IRun, trans: TranslationBundle): string {
  const { cell, cells, step } = run.progress ?? {};
  if (cell && cells) {
    return trans.__('cell %1 of %2', cell, cells);
  }
  return step ? trans.__('step %1', step) : trans.__('running');
}

/** The value of the leading result column, with its label. */
function mainResult(run: IRun, board: ILeaderboard | null): string {
  const column = mainColumn(board);
  const name = column?.name ?? Object.keys(run.result ?? {})[0];
  return name === undefined
    ? ''
    : `${column?.label ?? name} ${formatValue(run.result?.[name])}`;
}

/** Why a run failed: its cell and what that raised, or the message. */
export function errorText(run: IRun, trans: TranslationBundle): string {
  const { cause, messages } = run;
  if (cause?.cell && cause.ename) {
    return trans.__(
      'cell %1: %2: %3',
      cause.cell,
      cause.ename,
      cause.evalue ?? ''
    );
  }
  const message = cause?.message || messages?.[messages.length - 1];
  return message || trans.__('The run failed.');
}

/** What a service is called. */
export function serviceName(
  session: ISession | null,
  trans: TranslationBundle
): string {
  if (session?.kind === 'embedded') {
    return trans.__('My machine');
  }
  return session?.name || hostOf(session) || trans.__('ROB service');
}

/** The host, and the port if it is given, of a service at a URL. */
export function hostOf(session: ISession | null): string {
  try {
    return new URL(session?.url ?? '').host;
  } catch {
    return '';
  }
}

/** Why a notebook can't be submitted, for the reader. */
export function blockerText(
  blocker: Blocker,
  invalid: readonly IParameter[],
  trans: TranslationBundle
): string {
  switch (blocker) {
    case 'benchmark':
      return trans.__('Choose a benchmark first.');
    case 'notebook':
      return trans.__('Open the notebook that you want to submit.');
    case 'parameters':
      return trans.__(
        'Needs a valid value first: %1.',
        invalid.map(({ label, name }) => label || name).join(', ')
      );
    case 'busy':
      return trans.__('The notebook is being sent.');
  }
}
