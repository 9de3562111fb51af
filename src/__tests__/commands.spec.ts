import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { Event, ServiceManager } from '@jupyterlab/services';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { Stream } from '@lumino/signaling';
import { act } from 'react';
import { addCommands } from '../commands';
import { LeaderboardWidget } from '../leaderboard/widget';
import { RobModel } from '../model';
import type { IRun } from '../protocol';
import { CommandIDs, IRob } from '../tokens';
import {
  json,
  makeBenchmark,
  makeBoard,
  makeRun,
  makeTwoSteps,
  Notebook,
  Server
} from './server';

const trans = nullTranslator.load('jupyterlab_rob');

let server: Server;
let notebook: Notebook;
let model: RobModel;
let commands: CommandRegistry;
let asked: unknown[];

beforeEach(async () => {
  server = new Server({
    'GET session': { kind: 'embedded', state: 'ready', username: 'alice' },
    'GET api/v1/workflows': { workflows: [makeBenchmark()] },
    'GET api/v1/workflows/b1': makeBenchmark(),
    'GET api/v1/workflows/b1/leaderboard': makeBoard(['bob', 'alice']),
    'GET api/v1/workflows/b1/runs?limit=50': {
      runs: [makeRun({ state: 'RUNNING' })]
    }
  });
  notebook = new Notebook();
  model = new RobModel({
    service: server.service,
    notebook,
    state: null,
    events: new Stream<ServiceManager['events'], Event.Emission>(
      {} as ServiceManager['events']
    )
  });
  await model.refresh();
  asked = [];
  const find = (address: unknown) => {
    asked.push(address);
  };
  commands = new CommandRegistry();
  const app = { commands, shell: { activateById: () => undefined } };
  addCommands(
    app as unknown as JupyterFrontEnd,
    { model, notebook: Object.assign(notebook, { find }) } as unknown as IRob,
    trans
  );
});

afterEach(() => model.dispose());

/** Wait for a dialog and press a button of it. */
async function press(selector: string): Promise<string> {
  const find = () => document.querySelector<HTMLElement>(selector);
  while (!find()) {
    await new Promise(resolve => setTimeout(resolve));
  }
  const text = document.querySelector('.jp-Dialog')?.textContent ?? '';
  find()?.click();
  return text;
}

describe('rob:submit-notebook', () => {
  it('should tell a refusal for a while, with a name that fits', async () => {
    const message = 'It needs the kernel ir, which is not installed.';
    server.answers['POST submit'] = json({ message }, 400);
    const name = `${'a'.repeat(60)}.ipynb`;
    notebook.current = { path: name, name, isDirty: false };
    await commands.execute(CommandIDs.submitNotebook);
    await new Promise(resolve => setTimeout(resolve));
    const [told] = Notification.manager.notifications;
    expect(told.type).toBe('error');
    expect(told.message).toMatch(/^a+…a+\.ipynb is refused: It needs/);
    expect(told.options.autoClose).toBeGreaterThan(5000);
  });
});

describe('rob:show-cell', () => {
  it('should look in the notebook of the step that failed', async () => {
    const cause = { kind: 'notebook', step: 'prepare', cell: 3, cellId: 'c3' };
    const submitted = [
      { parameter: 'preproc', name: 'features.ipynb', sha256: '1' },
      { parameter: 'tagger', name: 'tagger.ipynb', sha256: '2' }
    ];
    server.answers['GET api/v1/workflows/b1'] = makeTwoSteps();
    await model.select('b1');
    const run = { state: 'ERROR', cause, submitted } as Partial<IRun>;
    model.runs.update(makeRun(run));
    const done = commands.execute(CommandIDs.showCell, { run: 'r1' });
    expect(asked[0]).toEqual({ path: undefined, name: 'features.ipynb' });
    expect(await press('.jp-Dialog .jp-mod-accept')).toContain(
      'The run failed'
    );
    await done;
  });
});

describe('rob:cancel-run', () => {
  it('should say what is kept', async () => {
    server.answers['PUT api/v1/runs/r1'] = makeRun({ state: 'CANCELED' });
    const done = commands.execute(CommandIDs.cancelRun, { run: 'r1' });
    const text = await press('.jp-Dialog .jp-mod-warn');
    expect(text).toContain('is kept in its log');
    await done;
    expect(model.runs.get('r1')?.state).toBe('CANCELED');
  });
});

describe('LeaderboardWidget', () => {
  it('should mark my row and have no empty toolbar', async () => {
    Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true });
    const widget = new LeaderboardWidget(model, makeBenchmark(), trans);
    const { Widget } = await import('@lumino/widgets');
    await act(async () => {
      Widget.attach(widget, document.body);
      await widget.refresh();
    });
    await act(() => widget.content.renderPromise ?? Promise.resolve());
    const rows = [...widget.node.querySelectorAll('tbody tr')];
    expect(rows.map(row => row.className)).toEqual(['', 'jp-mod-mine']);
    expect(rows[1].textContent).toContain('← you');
    expect(widget.toolbar.isHidden).toBe(true);
    await act(async () => widget.dispose());
  });
});
