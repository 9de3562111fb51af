import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import { shortName } from './format';
import type { RobModel } from './model';
import type { IRun } from './protocol';
import { runName } from './runname';
import { statusText } from './status';
import { CommandIDs } from './tokens';

/** Tell how a run that was submitted from here has ended, if the panel is not seen. */
export function announceEnds(
  commands: CommandRegistry,
  model: RobModel,
  trans: TranslationBundle
): void {
  model.runs.ended.connect((_, run) => {
    if (model.isVisible || model.pathOf(run.id) === undefined) {
      return;
    }
    const name = shortName(runName(run));
    const status = statusText(run, model.leaderboard.board, trans);
    const message = trans.__('%1: %2', name, status);
    if (run.state === 'SUCCESS') {
      Notification.success(message, { autoClose: 5000 });
    } else if (run.state === 'ERROR') {
      Notification.error(message, {
        actions: actions(run),
        autoClose: 10000
      });
    }
  });

  function actions(run: IRun): Notification.IAction[] {
    return run.cause?.cell && model.failedIn(run)
      ? [
          {
            label: trans.__('Show cell'),
            callback: () =>
              void commands.execute(CommandIDs.showCell, { run: run.id })
          }
        ]
      : [];
  }
}
