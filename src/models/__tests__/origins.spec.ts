import { makeRun, makeTwoSteps } from '../../__tests__/server';
import type { ICause, IRun } from '../../protocol';
import { Origins } from '../origins';

const CAUSE = { kind: 'notebook', step: 'prepare', cell: 3 } as ICause;
const SUBMITTED = [
  { parameter: 'preproc', name: 'features.ipynb', sha256: '11' },
  { parameter: 'tagger', name: 'tagger.ipynb', sha256: '22' }
];
const PATHS = { preproc: 'work/features.ipynb', tagger: 'work/tagger.ipynb' };

describe('Origins', () => {
  let origins: Origins;

  beforeEach(() => {
    origins = new Origins();
  });

  function find(values: Partial<IRun>) {
    const run = makeRun({ state: 'ERROR', cause: CAUSE, ...values });
    return origins.find(run, makeTwoSteps());
  }

  it('should find the only notebook by its path, or its name', () => {
    expect(find({})).toEqual({ path: undefined, name: 'tagger.ipynb' });
    origins.set('r1', { current: 'a/tagger.ipynb', paths: {} });
    expect(find({})?.path).toBe('a/tagger.ipynb');
    expect(find({ submitted: [SUBMITTED[0]] })).toEqual({
      path: 'a/tagger.ipynb',
      name: 'features.ipynb'
    });
  });

  it('should find the notebook of the step that failed', () => {
    const submitted = SUBMITTED;
    expect(find({ submitted })).toEqual({
      path: undefined,
      name: 'features.ipynb'
    });
    origins.set('r1', { current: 'work/tagger.ipynb', paths: PATHS });
    expect(find({ submitted })?.path).toBe('work/features.ipynb');
    const cause = { ...CAUSE, step: 'predict' };
    expect(find({ submitted, cause })).toEqual({
      path: 'work/tagger.ipynb',
      name: 'tagger.ipynb'
    });
  });

  it('should find nothing for a step that none of them fills', () => {
    const submitted = SUBMITTED;
    const cause = { ...CAUSE, step: 'evaluate' };
    expect(find({ submitted, cause })).toBeNull();
    expect(find({ submitted, workflowId: 'b2' })).toBeNull();
  });

  it('should not take the only notebook for that of another step', () => {
    origins.set('r1', { current: 'work/tagger.ipynb', paths: {} });
    const cause = { ...CAUSE, step: 'evaluate' };
    expect(find({ cause })).toBeNull();
    expect(find({ cause, submitted: [SUBMITTED[1]] })).toBeNull();
    expect(find({ submitted: [SUBMITTED[1]] })).toBeNull();
  });

  it("should find the only notebook of the benchmark's own commands", () => {
    const benchmark = makeTwoSteps({ notebookSteps: [] });
    const values = { cause: CAUSE, submitted: [SUBMITTED[1]] };
    const name = 'tagger.ipynb';
    expect(origins.find(makeRun(values), benchmark)).toEqual({ name });
    const cause: ICause = { ...CAUSE, blame: 'coordinator' };
    expect(origins.find(makeRun({ ...values, cause }), benchmark)).toBeNull();
  });

  it('should find nothing without a path or a name', () => {
    expect(find({ notebook: null })).toBeNull();
  });
});
