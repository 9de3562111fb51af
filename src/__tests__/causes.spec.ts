import { nullTranslator } from '@jupyterlab/translation';
import { blameText, causeHeading, errorText } from '../causes';
import type { ICause } from '../protocol';
import { makeRun, makeSession, makeShared } from './server';

const trans = nullTranslator.load('jupyterlab_rob');

function cause(kind: string, values: Partial<ICause> = {}): ICause {
  return {
    kind,
    step: 'predict',
    cell: null,
    cellId: null,
    ename: null,
    evalue: null,
    message: 'It failed.',
    ...values
  };
}

describe('causeHeading()', () => {
  it.each([
    ['notebook', 'Cell 5 raised an error', 'An error in step predict'],
    ['kernel', null, 'The kernel could not start in step predict'],
    ['died', 'The kernel died in cell 5', 'The kernel died in step predict'],
    ['memory', 'Out of memory in cell 5', 'Out of memory in step predict'],
    ['time', 'Out of time in cell 5', 'Out of time in step predict'],
    ['disk', null, 'Too much was written to disk in step predict'],
    ['step', null, 'A command failed in step predict'],
    ['output', null, 'A result is missing in step predict'],
    ['metrics', null, 'The scores are not as declared in step predict'],
    ['template', null, 'The benchmark has a fault'],
    ['storage', null, 'No space left at the service'],
    ['service', null, 'The service failed'],
    ['unheard of', null, 'The run failed in step predict']
  ])('should name %p', (kind, inCell, inStep) => {
    if (inCell) {
      expect(causeHeading(cause(kind, { cell: 5 }), trans)).toBe(inCell);
    }
    expect(causeHeading(cause(kind), trans)).toBe(inStep);
  });

  it('should do without a step', () => {
    expect(causeHeading(cause('time', { step: null }), trans)).toBe(
      'Out of time'
    );
  });
});

describe('errorText()', () => {
  it.each([
    [cause('notebook', { cell: 5, ename: 'E', evalue: 'x' }), 'cell 5: E: x'],
    [cause('notebook', { cell: 5, ename: 'E', evalue: '' }), 'cell 5: E'],
    [cause('memory', { cell: 5, ename: 'E' }), 'Out of memory in cell 5'],
    [cause('kernel'), 'It failed.'],
    [null, 'The run failed.']
  ])('should tell %p on one line', (given, text) => {
    expect(errorText(makeRun({ state: 'ERROR', cause: given }), trans)).toBe(
      text
    );
  });
});

describe('with several notebooks', () => {
  const submitted = ['a', 'b'].map(name => ({
    parameter: name,
    name: `${name}.ipynb`,
    sha256: ''
  }));
  const told = (given: ICause) =>
    errorText(makeRun({ state: 'ERROR', cause: given, submitted }), trans);

  it('should name the step of a cell', () => {
    const error = { cell: 5, ename: 'E', evalue: 'x' };
    expect(told(cause('notebook', error))).toBe('cell 5 of predict: E: x');
    expect(told(cause('notebook', { ...error, evalue: '' }))).toBe(
      'cell 5 of predict: E'
    );
    expect(told(cause('memory', { cell: 5 }))).toBe(
      'Out of memory in cell 5 of predict'
    );
    expect(causeHeading(cause('notebook', { cell: 5 }), trans, true)).toBe(
      'Cell 5 of predict raised an error'
    );
  });
});

describe('blameText()', () => {
  const shared = makeShared();
  const own = makeSession();

  it('should be silent when it may be the notebook', () => {
    const blamed = cause('notebook', { blame: 'participant' });
    expect(blameText(blamed, shared, false, trans)).toBe('');
    expect(blameText(cause('step'), shared, false, trans)).toBe('');
    expect(blameText(cause('unheard of'), null, false, trans)).toBe('');
  });

  it('should name whom to tell of the service, and be calm at home', () => {
    const blamed = cause('service', { blame: 'service' });
    expect(blameText(blamed, shared, false, trans)).toContain(
      'not your fault. Tell the administrator of Group ROB'
    );
    expect(blameText(blamed, own, true, trans)).toContain('Submit again.');
    expect(blameText(cause('storage'), own, true, trans)).toContain(
      'Make room on the disk'
    );
  });

  it('should send to the coordinator, but not the coordinator', () => {
    const blamed = cause('time', { blame: 'coordinator' });
    expect(blameText(blamed, shared, false, trans)).toContain(
      'not your fault: the benchmark has to be mended. Tell its coordinator.'
    );
    expect(blameText(blamed, own, true, trans)).not.toContain('Tell');
  });

  it('should leave it open whether an evaluation failed for the results', () => {
    const blamed = cause('step', { blame: 'coordinator' });
    expect(blameText(blamed, shared, false, trans)).toContain('Unless');
    expect(blameText(blamed, own, true, trans)).toContain('Unless');
  });
});
