/**
 * How things stand, in words for the reader.
 */
import type { TranslationBundle } from '@jupyterlab/translation';
import { errorText } from './causes';
import { formatValue } from './format';
import type { Blocker } from './models/submission';
import { labelOf } from './models/parameters';
import { progressText, queueText } from './progress';
import { ILeaderboard, IParameter, IRun, mainColumn } from './protocol';

/** One line that says how a run stands. */
export function statusText(
  run: IRun,
  board: ILeaderboard | null,
  trans: TranslationBundle
): string {
  switch (run.state) {
    case 'PENDING':
      return queueText(run, trans);
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

/** The value of the leading result column, with its label. */
function mainResult(run: IRun, board: ILeaderboard | null): string {
  const column = mainColumn(board);
  const name = column?.name ?? Object.keys(run.result ?? {})[0];
  return name === undefined
    ? ''
    : `${column?.label ?? name} ${formatValue(run.result?.[name])}`;
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
    case 'notebooks':
      return trans.__('Choose a notebook for one of the steps at least.');
    case 'parameters':
      return trans.__(
        'Needs a valid value first: %1.',
        invalid.map(labelOf).join(', ')
      );
    case 'busy':
      return trans.__('The notebook is being sent.');
  }
}
