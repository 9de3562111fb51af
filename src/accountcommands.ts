import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import { describe } from './commands';
import type { RobModel } from './model';
import { serviceName } from './servicename';
import { CommandIDs, PANEL_ID } from './tokens';

/** Add the commands to log in at a service and out of it. */
export function addAccountCommands(
  app: JupyterFrontEnd,
  model: RobModel,
  trans: TranslationBundle
): void {
  const { commands, shell } = app;
  const { account } = model;

  commands.addCommand(CommandIDs.logIn, {
    label: trans.__('Log In to the ROB Service'),
    describedBy: describe({}),
    isEnabled: () => account.needsLogin,
    execute: () => {
      shell.activateById(PANEL_ID);
      account.call();
    }
  });

  commands.addCommand(CommandIDs.logOut, {
    label: trans.__('Log Out of the ROB Service'),
    describedBy: describe({}),
    isEnabled: () => account.canLogOut,
    execute: async () => {
      const name = serviceName(account.session, trans);
      try {
        await model.logOut();
      } catch (reason) {
        const { message } = reason as Error;
        Notification.error(
          trans.__('Could not log out of %1: %2', name, message),
          { autoClose: 10000 }
        );
      }
    }
  });

  account.stateChanged.connect(() => {
    commands.notifyCommandChanged(CommandIDs.logIn);
    commands.notifyCommandChanged(CommandIDs.logOut);
  });
}
