import { act } from 'react';
import {
  json,
  makeBenchmark,
  makeRun,
  makeShared
} from '../../__tests__/server';
import type { ICause } from '../../protocol';
import { CommandIDs } from '../../tokens';
import { RunsSection } from '../runs';
import { EVIL, Stage } from './stage';

const NOTEBOOK = 'GET api/v1/runs/r1/notebooks/predict';
const LOG = 'GET api/v1/runs/r1/log';
const CAUSE: ICause = {
  kind: 'notebook',
  step: 'predict',
  cell: 2,
  cellId: 'c2',
  ename: 'NameError',
  evalue: EVIL,
  message: 'cell 2: NameError'
};

let stage: Stage;
let node: HTMLElement;

/** Show a run with its details. */
async function open(values: Parameters<typeof makeRun>[0]): Promise<void> {
  stage.server.answers['GET api/v1/workflows/b1/runs?limit=50'] = {
    runs: [makeRun(values)]
  };
  stage.model.isVisible = true;
  await stage.model.refresh();
  await stage.show(RunsSection);
  await stage.click(node.querySelector('.jp-RobRun-summary'));
}

const fail = (cause: Partial<ICause> = {}) =>
  open({ state: 'ERROR', cause: { ...CAUSE, ...cause } });
const cause = () => node.querySelector('.jp-RobCause');

/** What is fetched a moment after it was asked for. */
async function until(isThere: () => unknown): Promise<void> {
  for (let count = 0; !isThere() && count < 400; count++) {
    await act(() => new Promise(resolve => setTimeout(resolve, 10)));
  }
  expect(isThere()).toBeTruthy();
}

beforeEach(() => {
  stage = new Stage();
  ({ node } = stage);
});

afterEach(() => stage.dispose());

describe('RunFailure', () => {
  it('should show the cell and what it raised, and not a word twice', async () => {
    stage.server.answers[NOTEBOOK] = {
      cells: [{ id: 'c2', cell_type: 'code', source: `a = 1\n${EVIL}` }]
    };
    await fail();
    await until(() => node.querySelector('.jp-RobCause-source'));
    expect(cause()?.textContent).toBe(
      `Cell 2 raised an error` + `a = 1\n${EVIL}\n` + `NameError: ${EVIL}`
    );
    expect(node.querySelector('img')).toBeNull();
  });

  it('should do without the cell', async () => {
    await fail({ evalue: '' });
    expect(cause()?.textContent).toBe('Cell 2 raised an errorNameError');
  });

  it('should not ask a service for what it does not have', async () => {
    stage.server.answers['GET session'] = makeShared({ additions: [] });
    await fail();
    expect(stage.server.count(NOTEBOOK)).toBe(0);
    expect(stage.button('Whole log')).toBeNull();
  });

  it('should tell whose fault it is not, and whom to tell', async () => {
    stage.server.answers['GET session'] = makeShared();
    await fail({
      kind: 'storage',
      blame: 'service',
      cell: null,
      cellId: null,
      ename: null,
      evalue: null,
      message: 'The disk is full.'
    });
    expect(cause()?.textContent).toBe(
      'No space left at the service' +
        'The disk is full.' +
        'It is not your fault. Tell the administrator of Group ROB, or submit again later.'
    );
  });

  it('should show the message of a kind that it does not know', async () => {
    const none = { cell: null, cellId: null, ename: null, evalue: null };
    await fail({ kind: 'flood', step: null, ...none, message: EVIL });
    expect(cause()?.textContent).toBe(`The run failed${EVIL}`);
  });
});

describe('RunDetails', () => {
  it('should name all notebooks and what they filled', async () => {
    const actor = { dtype: 'actor', isRequired: true };
    await open({
      state: 'SUCCESS',
      submitted: [
        { parameter: 'preproc', name: 'features.ipynb', sha256: '1111111a' },
        { parameter: 'tagger', name: 'tagger.ipynb', sha256: '2222222b' }
      ],
      parameters: [{ ...actor, name: 'preproc', index: 0, label: 'Features' }],
      notebooks: [
        { step: 'prepare', name: 'prepare.ipynb' },
        { step: 'predict', name: 'predict.ipynb' }
      ]
    });
    expect(node.querySelector('.jp-RobRun-name')?.textContent).toBe(
      'features.ipynb, tagger.ipynb'
    );
    expect(node.querySelector('dl')?.textContent).toContain(
      'Featuresfeatures.ipynb 1111111taggertagger.ipynb 2222222'
    );
    const links = [...node.querySelectorAll('a')];
    expect(links.map(({ textContent }) => textContent)).toEqual([
      '↓ Executed notebook of prepare',
      '↓ Executed notebook of predict'
    ]);
  });
});

describe('RunLog', () => {
  const text = () => node.querySelector('.jp-RobRunLog-text');

  it('should show at once what a running run prints, as text', async () => {
    stage.server.answers[LOG] = EVIL;
    await open({ state: 'RUNNING' });
    await until(text);
    expect(text()?.textContent).toBe(EVIL);
    expect(node.querySelector('img')).toBeNull();
    expect(text()?.getAttribute('aria-live')).toBe('off');
  });

  it('should follow the end until the reader goes up', async () => {
    let height = 100;
    const scrollHeight = jest
      .spyOn(Element.prototype, 'scrollHeight', 'get')
      .mockImplementation(() => height);
    try {
      stage.server.answers[LOG] = 'one';
      await open({ state: 'RUNNING' });
      await until(text);
      expect(text()?.scrollTop).toBe(100);
      const grow = async (words: string) => {
        height += 100;
        stage.server.answers[LOG] = words;
        await act(() => stage.model.runs.receive(event(height)));
        await until(() => text()?.textContent === words);
      };
      await grow('one two');
      expect(text()?.scrollTop).toBe(200);
      await act(async () => {
        const shown = text() as Element;
        shown.scrollTop = 50;
        shown.dispatchEvent(new window.Event('scroll', { bubbles: true }));
      });
      await grow('one two three');
      expect(text()?.scrollTop).toBe(50);
    } finally {
      scrollHeight.mockRestore();
    }
  });

  it('should be folded when the run has ended, with the way to all of it', async () => {
    stage.server.answers[LOG] = 'done';
    await open({ state: 'SUCCESS' });
    expect(stage.server.count(LOG)).toBe(0);
    await stage.click(stage.button('Whole log'));
    expect(stage.executed).toEqual([[CommandIDs.openLog, { run: 'r1' }]]);
    await stage.click(stage.button('Log'));
    await until(text);
    expect(text()?.textContent).toBe('done');
  });

  it("should lead the coordinator alone to the log of the benchmark's steps", async () => {
    const additions = ['run-log', 'coordinator-log'];
    stage.server.answers['GET session'] = makeShared({ additions });
    await open({ state: 'SUCCESS' });
    expect(stage.button("Benchmark's steps")).toBeNull();
    stage.server.answers['GET api/v1/workflows/b1'] = makeBenchmark({
      isCoordinator: true
    });
    await act(() => stage.model.select('b1'));
    await stage.click(stage.button("Benchmark's steps"));
    expect(stage.executed).toEqual([
      [CommandIDs.openLog, { run: 'r1', part: 'coordinator' }]
    ]);
  });

  it('should say that there is nothing, or why', async () => {
    stage.server.answers[LOG] = '';
    await open({ state: 'CANCELED' });
    await stage.click(stage.button('Log'));
    await until(() => node.textContent?.includes('Nothing has been printed.'));
    stage.server.answers[LOG] = () => json({ message: 'Not yours.' }, 403);
    await stage.click(stage.button('Log'));
    await stage.click(stage.button('Log'));
    await until(() => node.textContent?.includes('Not yours.'));
  });

  it('should not be there before there is one', async () => {
    await open({ state: 'PENDING' });
    expect(stage.button('Log')).toBeNull();
  });

  const event = (logSize: number) => ({
    run: 'r1',
    benchmark: 'b1',
    submission: 'g1',
    state: 'RUNNING' as const,
    elapsed: logSize,
    logSize
  });
});
