import { json, makeRun, Server } from '../../__tests__/server';
import type { ICause } from '../../protocol';
import { FailedCellModel } from '../failedcell';

const NOTEBOOK = 'GET api/v1/runs/r1/notebooks/predict';
const CAUSE: ICause = {
  kind: 'notebook',
  step: 'predict',
  cell: 2,
  cellId: 'c2',
  ename: 'NameError',
  evalue: 'x',
  message: 'It failed.'
};

function cell(source: string | string[], values: object = {}) {
  return { cell_type: 'code', metadata: {}, source, outputs: [], ...values };
}

/** As papermill leaves it: with two cells more before the second. */
function executed(values: object = {}) {
  const added = (tag: string) => cell('added', { metadata: { tags: [tag] } });
  return {
    metadata: {},
    nbformat: 4,
    nbformat_minor: 5,
    cells: [
      cell('a = 1'),
      added('injected-parameters'),
      added('papermill-error-cell-tag'),
      cell(['b = 2\n', 'x'], values)
    ]
  };
}

describe('FailedCellModel', () => {
  let server: Server;
  let model: FailedCellModel;

  async function load(cause: Partial<ICause> = {}): Promise<string | null> {
    const given = { ...CAUSE, ...cause };
    await model.load(makeRun({ state: 'ERROR', cause: given }));
    return model.source;
  }

  beforeEach(() => {
    server = new Server({ [NOTEBOOK]: executed({ id: 'c2' }) });
    model = new FailedCellModel(server.service);
  });

  afterEach(() => model.dispose());

  it('should find the cell by its identifier', async () => {
    expect(await load({ cell: 1 })).toBe('b = 2\nx');
    expect(model.line).toBeNull();
  });

  it('should find the cell by its number among the submitted ones', async () => {
    expect(await load({ cellId: null })).toBe('b = 2\nx');
  });

  it('should find the cell that raised, and the line', async () => {
    const error = {
      output_type: 'error',
      ename: 'NameError',
      evalue: 'x',
      traceback: [
        '\u001b[31mNameError\u001b[39m',
        'Cell \u001b[32mIn[7]\u001b[39m\u001b[32m, line 2\u001b[39m\n',
        'Cell In[3], line 1, in f()'
      ]
    };
    server.answers[NOTEBOOK] = executed({
      execution_count: 7,
      outputs: [error]
    });
    expect(await load({ cell: 1, cellId: null })).toBe('b = 2\nx');
    expect(model.line).toBe(2);
  });

  it('should ask for nothing when no cell failed', async () => {
    expect(await load({ cell: null, cellId: null })).toBeNull();
    expect(await load({ step: null })).toBeNull();
    expect(server.asked).toEqual([]);
  });

  it.each([
    ['it is not there', () => json({ message: 'None.' }, 404)],
    ['it is no notebook', () => 'oops'],
    ['it has no such cell', () => ({ metadata: {} })],
    [
      'it is huge',
      () =>
        new Response(JSON.stringify(executed({ id: 'c2' })), {
          headers: { 'Content-Length': '90000000' }
        })
    ]
  ])('should show nothing when %s', async (_, answer) => {
    server.answers[NOTEBOOK] = answer;
    expect(await load()).toBeNull();
  });

  it('should not touch a model that was disposed of meanwhile', async () => {
    const loaded = load();
    model.dispose();
    expect(await loaded).toBeNull();
  });
});
