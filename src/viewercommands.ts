import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IEditorServices } from '@jupyterlab/codeeditor';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';
import { describe } from './commands';
import { LeaderboardWidget } from './leaderboard/widget';
import { labelOf } from './models/parameters';
import { PreviewWidget } from './preview';
import { runName } from './runname';
import { blockerText } from './status';
import { CommandIDs, IRob } from './tokens';
import { createInstructions, createLog } from './viewers';

/** Add the commands that open something in the main area. */
export function addViewerCommands(
  app: JupyterFrontEnd,
  rob: IRob,
  rendermime: IRenderMimeRegistry | null,
  editors: IEditorServices | null,
  trans: TranslationBundle
): void {
  const { commands, shell } = app;
  const { model, notebook } = rob;
  const opened = new Map<string, Widget>();

  async function show<T extends Widget>(
    id: string,
    create: () => T | Promise<T>
  ): Promise<T> {
    // What has this identifier was created by the same command.
    let widget = opened.get(id) as T | undefined;
    if (!widget || widget.isDisposed) {
      widget = await create();
      widget.id = id;
      opened.set(id, widget);
      widget.disposed.connect(() => opened.delete(id));
    }
    if (!widget.isAttached) {
      shell.add(widget, 'main');
    }
    shell.activateById(id);
    return widget;
  }

  async function chosen(id: unknown) {
    await model.connect();
    const { benchmark } = model;
    if (typeof id === 'string' && id !== benchmark?.id) {
      return model.service.benchmark(id);
    }
    if (!benchmark) {
      throw new Error(trans.__('Choose a benchmark first.'));
    }
    return benchmark;
  }

  commands.addCommand(CommandIDs.openLeaderboard, {
    label: trans.__('Open the Leaderboard'),
    describedBy: describe({
      benchmark: 'The identifier of a benchmark; default: the chosen one',
      part: 'plots, to begin with the plots and tables'
    }),
    execute: async args => {
      const benchmark = await chosen(args.benchmark);
      const widget = await show(
        `jupyterlab-rob-leaderboard-${benchmark.id}`,
        () => new LeaderboardWidget(model, benchmark, trans)
      );
      await Promise.all([
        widget.refresh(),
        model.leaderboard.refresh(),
        model.refreshBenchmark()
      ]);
      if (args.part === 'plots') {
        await widget.showPlots();
      }
    }
  });

  commands.addCommand(CommandIDs.preview, {
    label: trans.__('Preview What Will Be Sent to ROB'),
    caption: trans.__('Show what a submission of this notebook would upload'),
    describedBy: describe({}),
    isEnabled: () => notebook.current !== null,
    execute: async () => {
      await model.connect();
      const { current } = notebook;
      const { benchmark, sources } = model.submission;
      if (!current || !benchmark) {
        const blocker = benchmark ? 'notebook' : 'benchmark';
        throw new Error(blockerText(blocker, [], trans));
      }
      const widget = await show(
        `jupyterlab-rob-preview-${benchmark.id}-${current.path}`,
        () => new PreviewWidget(commands, editors, trans)
      );
      const { hasSeveral, names, parameters } = sources;
      const pathOf = (name?: string) => sources.pathOf(name) ?? current.path;
      const previewed = {
        name: names.join(', '),
        path: pathOf(),
        steps: (hasSeveral ? parameters : []).map(parameter => ({
          parameter: parameter.name,
          label: labelOf(parameter),
          path: pathOf(parameter.name)
        }))
      };
      await widget.load(previewed, () => model.submission.export());
    }
  });

  commands.addCommand(CommandIDs.openLog, {
    label: trans.__('Open the Log of a Run'),
    describedBy: describe({
      run: 'The identifier of the run',
      part: "coordinator, for what the benchmark's own steps printed",
      benchmark:
        'Instead, the identifier of a benchmark: the log of its plots and tables'
    }),
    execute: async args => {
      if (typeof args.benchmark === 'string') {
        const { id, name } = await chosen(args.benchmark);
        await show(`jupyterlab-rob-log-${id}`, () =>
          createLog(name, () => model.service.postprocessingLog(id), trans)
        );
        return;
      }
      const id = String(args.run);
      const run = model.runs.get(id) ?? (await model.service.run(id));
      const name = runName(run);
      if (args.part === 'coordinator') {
        await show(`jupyterlab-rob-log-${id}-coordinator`, () =>
          createLog(
            trans.__("%1: the benchmark's steps", name),
            () => model.service.coordinatorLog(id),
            trans
          )
        );
        return;
      }
      await show(`jupyterlab-rob-log-${id}`, () =>
        createLog(name, () => model.service.log(id), trans)
      );
    }
  });

  if (!rendermime) {
    return;
  }
  commands.addCommand(CommandIDs.showInstructions, {
    label: trans.__('Show the Benchmark Instructions'),
    describedBy: describe({
      benchmark: 'The identifier of a benchmark; default: the chosen one'
    }),
    execute: async args => {
      const benchmark = await chosen(args.benchmark);
      await show(`jupyterlab-rob-instructions-${benchmark.id}`, () =>
        createInstructions(benchmark, rendermime, trans)
      );
    }
  });
}
