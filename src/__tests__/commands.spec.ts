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
import { CommandIDs, IRob } from '../tokens';
import {
  json,
  makeBenchmark,
  makeBoard,
  makeRun,
  Notebook,
  Server
} from './server';

const trans = nullTranslator.load('jupyterlab_rob');

let server: Server;
let notebook: Notebook;
let model: RobModel;
let commands: CommandRegistry;

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
  commands = new CommandRegistry();
  const app = { commands, shell: { activateById: () => undefined } };
  addCommands(
    app as unknown as JupyterFrontEnd,
    { model, notebook } as unknown as IRob,
    trans
  );
});

afterEach(() => model.dispose());

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

describe('rob:cancel-run', () => {
  it('should say what is kept', async () => {
    server.answers['PUT api/v1/runs/r1'] = makeRun({ state: 'CANCELED' });
    const done = commands.execute(CommandIDs.cancelRun, { run: 'r1' });
    while (!document.querySelector('.jp-Dialog .jp-mod-warn')) {
      await new Promise(resolve => setTimeout(resolve));
    }
    const dialog = document.querySelector('.jp-Dialog');
    expect(dialog?.textContent).toContain('is kept in its log');
    dialog?.querySelector<HTMLElement>('.jp-mod-warn')?.click();
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
