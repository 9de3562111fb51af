/**
 * How far a run has got, in words for the reader.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { formatSpan } from './format';
import type { IRun } from './protocol';

/** Seconds without a sign of life before they are told: shorter pauses are common. */
const LONG_IDLE = 60;

/** By how much a run may exceed what runs usually take: half of them exceed the median. */
const TOLERANCE = { share: 0.1, seconds: 2 };

/** The place of a run that waits. */
export function queueText(run: IRun, trans: TranslationBundle): string {
  const position = run.progress?.position;
  if (!position) {
    return trans.__('waiting');
  }
  return position === 1
    ? trans.__('next in the queue')
    : trans.__('%1 in the queue', ordinal(position, trans));
}

/** The cell and the step of a run that runs. */
export function progressText(run: IRun, trans: TranslationBundle): string {
  const { cell, cells, step } = run.progress ?? {};
  if (cell && cells) {
    // What is cut off where there is little room is the name.
    return step
      ? trans.__('cell %1 of %2 · %3', cell, cells, step)
      : trans.__('cell %1 of %2', cell, cells);
  }
  return step ? trans.__('step %1', step) : trans.__('running');
}

/** The share of the cells that have run, null when it is not known. */
export function progressShare(run: IRun): number | null {
  const { cell, cells } = run.progress ?? {};
  return cell && cells ? Math.min(1, (cell - 1) / cells) : null;
}

/** How long a run will still take, by how long runs usually do; both in seconds. */
export function remainingText(
  expected: number,
  elapsed: number,
  trans: TranslationBundle
): string {
  const left = expected - elapsed;
  const { share, seconds } = TOLERANCE;
  if (-left > Math.max(seconds, share * expected)) {
    return trans.__('longer than usual');
  }
  if (left < 10) {
    return trans.__('a few seconds left');
  }
  const rounded =
    left < 55
      ? Math.ceil(left / 10) * 10
      : Math.max(1, Math.round(left / 60)) * 60;
  return trans.__('about %1 left', formatSpan(rounded, trans));
}

/** What is out of the ordinary with a run that is active. */
export function remarks(run: IRun, trans: TranslationBundle): string[] {
  const idle = run.state === 'RUNNING' ? (run.progress?.idle ?? 0) : 0;
  const found = [attemptText(run, trans)];
  if (idle > LONG_IDLE) {
    found.push(
      trans.__(
        'Nothing has moved for %1: it neither computes nor prints.',
        formatSpan(idle, trans)
      )
    );
  }
  return found.filter(text => text !== '');
}

/** That a run is made again; empty for a first attempt. */
export function attemptText(run: IRun, trans: TranslationBundle): string {
  const attempt = run.attempt ?? 1;
  if (attempt <= 1) {
    return '';
  }
  return attempt === 2
    ? trans.__('Second attempt: the service lost the first.')
    : trans.__('Attempt %1: the service lost those before.', attempt);
}

function ordinal(position: number, trans: TranslationBundle): string {
  const tens = Math.floor(position / 10) % 10;
  switch (tens === 1 ? 0 : position % 10) {
    case 1:
      return trans.__('%1st', position);
    case 2:
      return trans.__('%1nd', position);
    case 3:
      return trans.__('%1rd', position);
    default:
      return trans.__('%1th', position);
  }
}
