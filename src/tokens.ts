import { Token } from '@lumino/coreutils';
import type { RobModel } from './model';
import type { OpenNotebooks } from './notebook';

/** What the plugins of this extension share, and others may build on. */
export interface IRob {
  readonly model: RobModel;
  readonly notebook: OpenNotebooks;
}

export const IRob = new Token<IRob>(
  'jupyterlab-rob:IRob',
  'The benchmarks, runs and leaderboard of the ROB service.'
);

/** The identifiers of the commands. */
export namespace CommandIDs {
  export const submitNotebook = 'rob:submit-notebook';
  export const openPanel = 'rob:open-panel';
  export const refresh = 'rob:refresh';
  export const cancelRun = 'rob:cancel-run';
  export const openLeaderboard = 'rob:open-leaderboard';
  export const showInstructions = 'rob:show-instructions';
  export const showCell = 'rob:show-cell';
  export const openLog = 'rob:open-log';
  export const preview = 'rob:preview';
  export const tagCell = 'rob:tag-cell';
  export const logIn = 'rob:log-in';
  export const logOut = 'rob:log-out';
}

/** The identifier of the panel, for the shell. */
export const PANEL_ID = 'jupyterlab-rob-panel';
