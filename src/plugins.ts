/**
 * How the parts are put together in an application.
 */
import {
  ILayoutRestorer,
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { IEditorServices } from '@jupyterlab/codeeditor';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { addAccountCommands } from './accountcommands';
import { addCommands } from './commands';
import { RobModel } from './model';
import { OpenNotebooks } from './notebook';
import { announceEnds } from './notifications';
import { RobPanel } from './panels/panel';
import { RobService } from './service';
import { addTagCommands } from './tagcommands';
import { CommandIDs, IRob, PANEL_ID } from './tokens';
import { addViewerCommands } from './viewercommands';

const DOMAIN = 'jupyterlab_rob';

/** The model that all other parts show or act on. */
export const modelPlugin: JupyterFrontEndPlugin<IRob> = {
  id: 'jupyterlab-rob:model',
  description: 'Follows the benchmarks, runs and leaderboard of a ROB service.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [IStateDB],
  provides: IRob,
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    state: IStateDB | null
  ): IRob => {
    const { serverSettings, events } = app.serviceManager;
    const notebook = new OpenNotebooks(tracker);
    const service = new RobService(serverSettings);
    const model = new RobModel({
      service,
      notebook,
      state,
      events: events.stream
    });
    return { model, notebook };
  }
};

/** The commands; menus, shortcuts and the toolbar button are in its schema. */
export const commandsPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-rob:plugin',
  description: 'Commands to submit notebooks and to watch their runs.',
  autoStart: true,
  requires: [IRob],
  optional: [
    IRenderMimeRegistry,
    IEditorServices,
    ICommandPalette,
    ITranslator
  ],
  activate: (
    app: JupyterFrontEnd,
    rob: IRob,
    rendermime: IRenderMimeRegistry | null,
    editors: IEditorServices | null,
    palette: ICommandPalette | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load(DOMAIN);
    addCommands(app, rob, trans);
    addAccountCommands(app, rob.model, trans);
    addViewerCommands(app, rob, rendermime, editors, trans);
    const category = trans.__('Reproducible Open Benchmarks');
    addTagCommands(app, rob, palette, category, trans);
    announceEnds(app.commands, rob.model, trans);
    rob.notebook.changed.connect(() => {
      app.commands.notifyCommandChanged(CommandIDs.submitNotebook);
      app.commands.notifyCommandChanged(CommandIDs.preview);
    });
    for (const command of [
      CommandIDs.submitNotebook,
      CommandIDs.preview,
      CommandIDs.openPanel,
      CommandIDs.refresh,
      CommandIDs.openLeaderboard,
      CommandIDs.showInstructions,
      CommandIDs.logIn,
      CommandIDs.logOut
    ]) {
      palette?.addItem({ command, category });
    }
  }
};

/** The panel in the left area. */
export const panelPlugin: JupyterFrontEndPlugin<void> = {
  id: 'jupyterlab-rob:panel',
  description: 'The panel of the Reproducible Open Benchmarks.',
  autoStart: true,
  requires: [IRob],
  optional: [ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    rob: IRob,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const language = translator ?? nullTranslator;
    const trans = language.load(DOMAIN);
    const { model } = rob;
    const panel = new RobPanel(
      { model, commands: app.commands, trans },
      language
    );
    app.shell.add(panel, 'left', { rank: 650, type: 'ROB' });
    restorer?.add(panel, PANEL_ID);
  }
};
