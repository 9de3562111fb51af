import { makeRun } from '../../__tests__/server';
import type { IRunEvent } from '../../protocol';
import { merge, newer } from '../merge';

const RUN = makeRun({
  state: 'RUNNING',
  progress: {
    step: 'predict',
    cell: 4,
    cells: 12,
    elapsed: 3,
    expected: 60,
    idle: 70
  }
});
const EVENT: IRunEvent = {
  run: 'r1',
  benchmark: 'b1',
  submission: 'g1',
  state: 'RUNNING'
};

describe('merge()', () => {
  it('should keep what an event leaves out', () => {
    const { progress } = merge(RUN, { ...EVENT, elapsed: 4 });
    expect(progress).toMatchObject({ cell: 4, elapsed: 4, expected: 60 });
  });

  it('should not take the cells of a step for those of the next', () => {
    const { progress } = merge(RUN, { ...EVENT, step: 'evaluate' });
    expect(progress).toMatchObject({
      step: 'evaluate',
      cell: null,
      cells: null,
      elapsed: 3
    });
  });

  it('should not say that nothing moves when that is not known', () => {
    expect(merge(RUN, { ...EVENT, idle: null }).progress?.idle).toBeNull();
  });

  it('should tell the place in the queue, if there is one', () => {
    const waiting = makeRun();
    const event: IRunEvent = { ...EVENT, state: 'PENDING' };
    expect(merge(waiting, event).progress).toBeNull();
    const told = merge(waiting, { ...event, position: 2 });
    expect(told.progress?.position).toBe(2);
  });

  it('should note the size of the log until another attempt', () => {
    const first = merge(RUN, { ...EVENT, attempt: 1, logSize: 10 });
    expect(merge(first, EVENT).logSize).toBe(10);
    expect(merge(first, { ...EVENT, attempt: 2 }).logSize).toBeUndefined();
  });
});

describe('newer()', () => {
  it('should believe the later attempt, whatever its state', () => {
    const again = makeRun({ attempt: 2 });
    expect(newer(RUN, again)).toBe(again);
    expect(newer(again, RUN)).toBe(again);
  });

  it('should never go back within an attempt', () => {
    expect(newer(RUN, makeRun())).toBe(RUN);
    const done = makeRun({ state: 'SUCCESS', attempt: 1 });
    expect(newer(RUN, done)).toBe(done);
    expect(newer(done, RUN)).toBe(done);
  });
});
