import { nullTranslator } from '@jupyterlab/translation';
import {
  attemptText,
  progressText,
  queueText,
  remainingText,
  remarks
} from '../progress';
import type { IProgress } from '../protocol';
import { makeRun } from './server';

const trans = nullTranslator.load('jupyterlab_rob');

function running(progress: Partial<IProgress> = {}) {
  const none = { step: null, cell: null, cells: null, elapsed: null };
  return makeRun({ state: 'RUNNING', progress: { ...none, ...progress } });
}

describe('queueText()', () => {
  it.each([
    [undefined, 'waiting'],
    [null, 'waiting'],
    [1, 'next in the queue'],
    [2, '2nd in the queue'],
    [3, '3rd in the queue'],
    [4, '4th in the queue'],
    [11, '11th in the queue'],
    [112, '112th in the queue'],
    [21, '21st in the queue']
  ])('should say of place %p: %p', (position, text) => {
    expect(queueText(running({ position }), trans)).toBe(text);
  });

  it('should do without progress', () => {
    expect(queueText(makeRun(), trans)).toBe('waiting');
  });
});

describe('progressText()', () => {
  it('should tell as much as is known', () => {
    const cells = { cell: 4, cells: 12 };
    expect(progressText(running({ step: 'predict', ...cells }), trans)).toBe(
      'cell 4 of 12 · predict'
    );
    expect(progressText(running(cells), trans)).toBe('cell 4 of 12');
    expect(progressText(running({ step: 'evaluate' }), trans)).toBe(
      'step evaluate'
    );
    expect(progressText(makeRun({ state: 'RUNNING' }), trans)).toBe('running');
  });
});

describe('remainingText()', () => {
  it.each([
    [180, 60, 'about 2 min left'],
    [7800, 0, 'about 2 h 10 min left'],
    [100, 44, 'about 1 min left'],
    [60, 36, 'about 30 s left'],
    [60, 55, 'a few seconds left'],
    [60, 65, 'a few seconds left'],
    [60, 67, 'longer than usual'],
    [1, 2.5, 'a few seconds left'],
    [1, 3.5, 'longer than usual']
  ])('should say of %p s after %p s: %p', (expected, elapsed, text) => {
    expect(remainingText(expected, elapsed, trans)).toBe(text);
  });
});

describe('remarks()', () => {
  it('should have none while all goes well, or nothing is known', () => {
    expect(remarks(makeRun(), trans)).toEqual([]);
    expect(remarks(running({ idle: 60 }), trans)).toEqual([]);
    expect(remarks(running({ idle: null }), trans)).toEqual([]);
  });

  it('should tell for how long nothing has moved', () => {
    expect(remarks(running({ idle: 185 }), trans)).toEqual([
      'Nothing has moved for 3 min: it neither computes nor prints.'
    ]);
  });

  it('should tell a second attempt', () => {
    expect(remarks({ ...running(), attempt: 2 }, trans)).toEqual([
      'Second attempt: the service lost the first.'
    ]);
    expect(attemptText({ ...running(), attempt: 1 }, trans)).toBe('');
    expect(attemptText({ ...running(), attempt: null }, trans)).toBe('');
  });
});
