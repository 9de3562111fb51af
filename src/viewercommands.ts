import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { Widget } from '@lumino/widgets';
import { describe } from './commands';
import { LeaderboardWidget } from './leaderboard/widget';
import type { RobModel } from './model';
import { CommandIDs } from './tokens';
import { createInstructions, createLog } from './viewers';

/** Add the commands that open something in the main area. */
export function addViewerCommands(
  app: JupyterFrontEnd,
  model: RobModel,
  rendermime: IRenderMimeRegistry | null,
  trans: TranslationBundle
): void {
  const { commands, shell } = app;
  const opened = new Map<string, Widget>();

  async function show(
    id: string,
    create: () => Widget | Promise<Widget>
  ): Promise<Widget> {
    let widget = opened.get(id);
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
      benchmark: 'The identifier of a benchmark; default: the chosen one'
    }),
    execute: async args => {
      const benchmark = await chosen(args.benchmark);
      const widget = await show(
        `jupyterlab-rob-leaderboard-${benchmark.id}`,
        () => new LeaderboardWidget(model, benchmark, trans)
      );
      await Promise.all([
        (widget as LeaderboardWidget).refresh(),
        model.leaderboard.refresh(),
        model.refreshGroups()
      ]);
    }
  });

  commands.addCommand(CommandIDs.openLog, {
    label: trans.__('Open the Log of a Run'),
    describedBy: describe({ run: 'The identifier of the run' }),
    execute: async args => {
      const id = String(args.run);
      const run = model.runs.get(id) ?? (await model.service.run(id));
      await show(`jupyterlab-rob-log-${id}`, () =>
        createLog(run, model.service, trans)
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
