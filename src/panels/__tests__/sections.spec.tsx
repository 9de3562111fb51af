import { act } from 'react';
import {
  json,
  makeBenchmark,
  makeBoard,
  makeRun,
  Notebook,
  Server
} from '../../__tests__/server';
import type { RobModel } from '../../model';
import { CommandIDs } from '../../tokens';
import { LeaderboardSection } from '../leaderboard';
import type { ISectionProps } from '../props';
import { RunsSection } from '../runs';
import { SubmitSection } from '../submit';
import { EVIL, Stage } from './stage';

let stage: Stage;
let server: Server;
let notebook: Notebook;
let model: RobModel;
let executed: Stage['executed'];
let node: HTMLElement;

beforeEach(() => {
  stage = new Stage();
  ({ server, notebook, model, executed, node } = stage);
});

afterEach(() => stage.dispose());

const show = (Section: (props: ISectionProps) => JSX.Element | null) =>
  stage.show(Section);
const click = (element: Element | null) => stage.click(element);
const button = (text: string) => stage.button(text);

describe('SubmitSection', () => {
  beforeEach(() => model.refresh());

  it('should follow the notebook', async () => {
    await show(SubmitSection);
    expect(node.textContent).toContain('tagger.ipynb');
    expect(node.textContent).toContain('unsaved');
    notebook.current = { path: 'b.ipynb', name: 'b.ipynb', isDirty: false };
    await act(async () => notebook.changed.emit());
    expect(node.textContent).toContain('b.ipynb');
    expect(node.textContent).not.toContain('unsaved');
  });

  it('should tell why nothing can be submitted', async () => {
    notebook.current = null;
    await show(SubmitSection);
    expect(button('Submit notebook')?.disabled).toBe(true);
    expect(node.textContent).toContain('Open the notebook');
  });

  it('should submit', async () => {
    await show(SubmitSection);
    await click(button('Submit notebook'));
    expect(executed).toEqual([[CommandIDs.submitNotebook, {}]]);
  });

  it('should show problems with the way to their cells', async () => {
    server.answers['POST check'] = {
      problems: [{ severity: 'warning', message: 'Uses input().', cell: 7 }],
      sha256: '3f9a1c0099',
      parameters: []
    };
    await model.submission.check();
    await show(SubmitSection);
    expect(node.textContent).toContain('Uses input().');
    expect(node.textContent).toContain('3f9a1c0');
    await click(button('show'));
    expect(executed).toEqual([
      [CommandIDs.showCell, { path: 'work/tagger.ipynb', cell: 7 }]
    ]);
  });

  it('should tell why a submission was refused', async () => {
    const message = 'It needs the kernel ir, which is not installed.';
    server.answers['POST submit'] = json({ message }, 400);
    await show(SubmitSection);
    await act(() => model.submit().then(undefined, () => undefined));
    expect(node.querySelector('[role=alert]')?.textContent).toBe(message);
    await act(async () => notebook.edit());
    expect(node.querySelector('[role=alert]')).toBeNull();
  });

  it('should tell why values keep it from being submitted', async () => {
    await show(SubmitSection);
    await act(async () => {
      model.submission.arguments = { seed: 1.5 };
    });
    expect(button('Submit notebook')?.disabled).toBe(true);
    expect(node.textContent).toContain('Needs a valid value first: seed.');
  });

  it('should show the values that are not the defaults', async () => {
    await show(SubmitSection);
    await act(async () => {
      model.submission.arguments = { seed: 3 };
    });
    await click(button('Parameters (1): seed = 3'));
    expect(button('Parameters (1)')).not.toBeNull();
  });

  it('should make a form of the parameters when it is unfolded', async () => {
    await show(SubmitSection);
    expect(node.querySelector('input[type=number]')).toBeNull();
    await click(button('Parameters (1)'));
    await act(async () => {
      await import('../parameterform');
    });
    const input = node.querySelector<HTMLInputElement>('input[type=number]');
    expect(input?.value).toBe('7');
  });
});

describe('RunsSection', () => {
  async function list(...runs: ReturnType<typeof makeRun>[]): Promise<void> {
    server.answers['GET api/v1/workflows/b1/runs?limit=50'] = { runs };
    await model.refresh();
    await show(RunsSection);
  }

  it('should say that there are none yet', async () => {
    await list();
    expect(node.textContent).toContain('No runs yet.');
  });

  it('should show progress and cancel', async () => {
    const progress = { step: 'predict', cell: 4, cells: 12, elapsed: 65 };
    await list(makeRun({ state: 'RUNNING', progress }));
    expect(node.textContent).toContain('cell 4 of 12');
    expect(node.textContent).toContain('1:05');
    expect(node.querySelector('progress')?.value).toBe(0.25);
    await click(node.querySelector('[title="Cancel this run"]'));
    expect(executed).toEqual([[CommandIDs.cancelRun, { run: 'r1' }]]);
  });

  it('should show the place in the queue', async () => {
    const progress = { step: null, cell: null, cells: null, elapsed: null };
    await list(
      makeRun({ progress: { ...progress, position: 2 } }),
      makeRun({ id: 'r2', progress: { ...progress, position: 1 } }),
      makeRun({ id: 'r3' })
    );
    const texts = [...node.querySelectorAll('.jp-RobRun-status')];
    expect(texts.map(({ textContent }) => textContent)).toEqual([
      '2nd in the queue',
      'next in the queue',
      'waiting'
    ]);
    expect(node.querySelector('progress')).toBeNull();
  });

  it('should show how long it takes, and what is out of the ordinary', async () => {
    const progress = { step: 'predict', cell: 4, cells: 12, elapsed: 65 };
    await list(
      makeRun({
        state: 'RUNNING',
        attempt: 2,
        progress: { ...progress, expected: 190, idle: 130 }
      })
    );
    expect(node.textContent).toContain('about 2 min left');
    expect(node.textContent).toContain('Second attempt: the service lost');
    expect(node.textContent).toContain('Nothing has moved for 2 min');
    await act(() =>
      model.runs.receive({
        run: 'r1',
        benchmark: 'b1',
        submission: 'g1',
        state: 'RUNNING',
        elapsed: 300,
        idle: 0
      })
    );
    expect(node.textContent).toContain('longer than usual');
    expect(node.textContent).not.toContain('Nothing has moved');
  });

  it('should say nothing of what a service does not tell', async () => {
    await list(makeRun({ state: 'RUNNING' }), makeRun({ id: 'r2' }));
    await click(node.querySelector('.jp-RobRun-summary'));
    expect(node.textContent).toContain('running');
    expect(node.textContent).not.toMatch(/undefined|null|NaN|attempt|usual/);
  });

  it('should show the leading result and the rank', async () => {
    const result = { n: 3, auc: 0.98123456 };
    await list(makeRun({ state: 'SUCCESS', result, rank: 2 }));
    expect(node.textContent).toContain('AUC 0.9812');
    expect(node.textContent).toContain('#2');
  });

  it('should show the failing cell and lead there', async () => {
    const cause = {
      kind: 'notebook',
      step: 'predict',
      cell: 5,
      cellId: 'c5',
      ename: 'NameError',
      evalue: EVIL,
      message: 'It failed.'
    };
    await list(makeRun({ state: 'ERROR', cause }));
    expect(node.textContent).toContain(`cell 5: NameError: ${EVIL}`);
    expect(node.querySelector('img')).toBeNull();
    await click(button('show'));
    expect(executed).toEqual([[CommandIDs.showCell, { run: 'r1' }]]);
  });

  it('should not lead to a cell that is not of a notebook that was sent', async () => {
    const cause = {
      kind: 'notebook',
      step: 'evaluate',
      cell: 2,
      cellId: 'c2',
      ename: 'KeyError',
      evalue: 'auc',
      message: 'It failed.'
    };
    await list(makeRun({ state: 'ERROR', cause }));
    expect(button('show')).toBeNull();
    await click(button('more'));
    expect(node.querySelector('.jp-RobCause')?.textContent).toContain(
      'KeyError: auc'
    );
  });

  it('should unfold the message of an error without a cell', async () => {
    await list(makeRun({ state: 'ERROR', messages: [EVIL] }));
    const status = node.querySelector<HTMLElement>('.jp-RobRun-status');
    expect(status?.title).toBe(EVIL);
    await click(button('more'));
    expect(node.querySelector('.jp-RobDetails')?.textContent).toContain(EVIL);
    await click(button('less'));
    expect(node.querySelector('.jp-RobDetails')).toBeNull();
  });

  it('should tell at once that a run is being canceled', async () => {
    server.answers['PUT api/v1/runs/r1'] = makeRun({ state: 'RUNNING' });
    await list(makeRun({ state: 'RUNNING' }));
    await act(() => model.runs.cancel('r1'));
    expect(node.textContent).toContain('canceling…');
    const cancel = node.querySelector<HTMLButtonElement>(
      '[title="Cancel this run"]'
    );
    expect(cancel?.disabled).toBe(true);
  });

  it('should list the last five and the active ones at first', async () => {
    const runs = [...'12345678'].map(id =>
      makeRun({ id, state: id === '7' ? 'RUNNING' : 'CANCELED' })
    );
    await list(...runs);
    const ids = () =>
      [...node.querySelectorAll('[data-run]')]
        .map(row => row.getAttribute('data-run'))
        .join('');
    expect(ids()).toBe('123457');
    await click(button('Show all (8)'));
    expect(ids()).toBe('12345678');
    await click(button('Show fewer'));
    expect(ids()).toBe('123457');
  });

  it('should tell the ages of all runs anew as time goes by', async () => {
    jest.useFakeTimers();
    const createdAt = new Date().toISOString();
    await list(
      makeRun({ state: 'CANCELED', createdAt }),
      makeRun({ id: 'r2', state: 'CANCELED', createdAt })
    );
    model.isVisible = true;
    const ages = () =>
      [...node.querySelectorAll('.jp-RobRun-age')].map(age => age.textContent);
    expect(ages()).toEqual(['now', 'now']);
    await act(() => jest.advanceTimersByTimeAsync(130000));
    jest.useRealTimers();
    expect(ages()).toEqual(['2 min', '2 min']);
  });

  it('should unfold what else there is', async () => {
    await list(
      makeRun({
        state: 'SUCCESS',
        result: { n: 3, auc: null },
        arguments: [{ name: 'seed', value: 3 }],
        notebook: { name: 'tagger.ipynb', sha256: '3f9a1c0099' },
        startedAt: '2026-01-01T00:00:00+00:00',
        finishedAt: '2026-01-01T00:01:05+00:00',
        notebooks: [{ step: 'predict', name: 'predict.ipynb' }],
        files: [{ id: 'f1', name: 'results/score.json', title: 'Metrics' }]
      })
    );
    await click(node.querySelector('.jp-RobRun-summary'));
    expect(node.querySelector('dl')?.textContent).toContain('Count3AUC–');
    expect(node.querySelector('dl')?.textContent).toContain('seed3Notebook');
    expect(node.querySelector('dl code')?.textContent).toBe('3f9a1c0');
    expect(node.querySelector('dl')?.textContent).toContain('Duration1:05');
    expect(node.textContent).toContain('Not better than your best run');
    const downloads = [...node.querySelectorAll('a')];
    expect(downloads.map(({ textContent }) => textContent)).toEqual([
      '↓ Executed notebook',
      '↓ Metrics'
    ]);
    expect(downloads[1].title).toBe('Download results/score.json');
    const links = [...node.querySelectorAll('a')].map(({ href }) =>
      href.replace('http://localhost:8888/user/me/rob/api/v1/runs/r1/', '')
    );
    expect(links).toEqual(['notebooks/predict', 'downloads/files/f1']);
    await click(button('Whole log'));
    expect(executed).toEqual([[CommandIDs.openLog, { run: 'r1' }]]);
  });

  it('should tell how the latest run goes to those who do not see', async () => {
    await list(makeRun({ state: 'CANCELED' }));
    const status = node.querySelector('[role=status]');
    expect(status?.textContent).toBe('tagger.ipynb CANCELED canceled');
  });
});

describe('LeaderboardSection', () => {
  it('should mark my row and show the ordering column', async () => {
    await model.refresh();
    await show(LeaderboardSection);
    const rows = [...node.querySelectorAll('tbody tr')];
    expect(rows.map(({ textContent }) => textContent)).toEqual([
      '1bob0.9812',
      '2alice← you–',
      `3${EVIL}–`
    ]);
    expect(rows[1].className).toBe('jp-mod-mine');
  });

  it('should say that nobody is there', async () => {
    server.answers['GET api/v1/workflows/b1/leaderboard'] = makeBoard([]);
    await model.refresh();
    await show(LeaderboardSection);
    expect(node.textContent).toContain('Nobody is here yet');
  });

  it('should lead coordinators to the log of the plots', async () => {
    server.answers['GET api/v1/workflows/b1'] = makeBenchmark({
      isCoordinator: true,
      postprocStatus: { state: 'ERROR', message: EVIL }
    });
    await model.refresh();
    await show(LeaderboardSection);
    expect(node.textContent).toContain(`could not be made: ${EVIL}`);
    await click(button('Show log'));
    expect(executed).toEqual([[CommandIDs.openLog, { benchmark: 'b1' }]]);
  });
});
