import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Dialog, Notification, showDialog } from '@jupyterlab/apputils';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { JSONSchema7Object } from 'json-schema';
import { errorText } from './causes';
import { shortName } from './format';
import { robIcon, submitIcon } from './icons';
import { revealCell } from './notebook';
import { isActive } from './protocol';
import type { RobError } from './service';
import { blockerText } from './status';
import { CommandIDs, IRob, PANEL_ID } from './tokens';

/** Milliseconds to read why a notebook is refused. */
const REFUSAL_TIME = 15000;

/** Add the commands that act on the model and on open notebooks. */
export function addCommands(
  app: JupyterFrontEnd,
  rob: IRob,
  trans: TranslationBundle
): void {
  const { commands, shell } = app;
  const { model, notebook } = rob;

  commands.addCommand(CommandIDs.openPanel, {
    label: trans.__('Show the ROB Panel'),
    icon: robIcon,
    describedBy: describe({}),
    execute: () => shell.activateById(PANEL_ID)
  });

  commands.addCommand(CommandIDs.refresh, {
    label: trans.__('Refresh the ROB Panel'),
    describedBy: describe({}),
    execute: () => model.refresh()
  });

  commands.addCommand(CommandIDs.submitNotebook, {
    label: trans.__('Submit Notebook to ROB'),
    caption: trans.__('Submit this notebook as shown to the chosen benchmark'),
    icon: submitIcon,
    describedBy: describe({}),
    isEnabled: () => notebook.current !== null,
    execute: async () => {
      shell.activateById(PANEL_ID);
      await model.connect();
      const { needsLogin } = model.account;
      const { blocker, invalid } = model.submission;
      if (needsLogin && blocker) {
        // There is nothing that could be submitted after the log-in.
        model.account.call();
        return;
      }
      if (model.error || blocker) {
        Notification.warning(
          model.error?.message ??
            blockerText(blocker ?? 'busy', invalid, trans),
          { autoClose: 5000 }
        );
        return;
      }
      const name = shortName(model.submission.sources.names.join(', '));
      const submitted = model.submit().then(run => run.id);
      if (needsLogin) {
        // The panel asks for the log-in and says what comes after it.
        await submitted.catch(() => undefined);
        return;
      }
      const notification = Notification.promise(submitted, {
        pending: { message: trans.__('Submitting %1…', name) },
        success: {
          message: () => trans.__('%1 is submitted.', name),
          options: { autoClose: 3000 }
        },
        error: {
          message: reason =>
            trans.__('%1 is refused: %2', name, refusal(reason as RobError)),
          // Without a time it would only be behind the bell.
          options: { autoClose: REFUSAL_TIME }
        }
      });
      await submitted.catch((reason: RobError) => {
        // The notification and the panel tell what is wrong; of a log-in, the panel alone.
        if (reason.loginRequired) {
          Notification.dismiss(notification);
        }
      });
    }
  });

  commands.addCommand(CommandIDs.cancelRun, {
    label: trans.__('Cancel Run'),
    describedBy: describe({ run: 'The identifier of the run' }),
    execute: async args => {
      const id = String(args.run);
      const answer = await showDialog({
        title: trans.__('Cancel this run?'),
        body: trans.__(
          'The run ends now; what it has written so far is kept in its log.'
        ),
        buttons: [
          Dialog.cancelButton({ label: trans.__('Keep Running') }),
          Dialog.warnButton({ label: trans.__('Cancel Run') })
        ]
      });
      const run = model.runs.get(id);
      if (answer.button.accept && (!run || isActive(run))) {
        await model.runs.cancel(id).catch((reason: Error) => {
          Notification.error(reason.message, { autoClose: 5000 });
          return model.runs.refresh();
        });
      }
    }
  });

  commands.addCommand(CommandIDs.showCell, {
    label: trans.__('Show Cell'),
    describedBy: describe({
      path: 'The path of the notebook',
      run: 'The identifier of a run, whose failing cell is shown',
      cell: 'The position of the cell, which counts from 1',
      cellId: 'The identifier of the cell'
    }),
    execute: async args => {
      const run = model.runs.get(String(args.run ?? ''));
      const place = run ? model.failedIn(run) : { path: String(args.path) };
      const panel =
        place && (notebook.find(place) ?? (await open(commands, place.path)));
      const address = run?.cause ?? {
        cell: Number(args.cell),
        cellId: args.cellId === undefined ? null : String(args.cellId)
      };
      if (panel) {
        shell.activateById(panel.id);
      }
      if (!panel || !(await revealCell(panel, address))) {
        await showDialog({
          title: trans.__('The cell is not open'),
          body: run
            ? errorText(run, trans)
            : trans.__('The notebook is closed.'),
          buttons: [Dialog.okButton()]
        });
      }
    }
  });

  async function open(
    registry: CommandRegistry,
    path: string | undefined
  ): Promise<ReturnType<typeof notebook.find>> {
    if (path && registry.hasCommand('docmanager:open')) {
      await registry.execute('docmanager:open', { path }).catch(() => {
        // It was moved or deleted.
      });
    }
    return notebook.find({ path });
  }
}

/** What a command takes: optional arguments, each with what it means. */
export function describe(
  properties: Record<string, string>
): CommandRegistry.ICommandOptions['describedBy'] {
  const schemas: JSONSchema7Object = {};
  for (const [name, description] of Object.entries(properties)) {
    schemas[name] = {
      type: name === 'cell' ? 'integer' : 'string',
      description
    };
  }
  return { args: { type: 'object', properties: schemas } };
}

function refusal(reason: RobError): string {
  const problem = reason.problems?.find(({ severity }) => severity === 'error');
  return problem?.message ?? reason.message;
}
