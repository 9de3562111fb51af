import { nullTranslator } from '@jupyterlab/translation';
import { formatAge, formatElapsed, formatValue } from '../format';

const trans = nullTranslator.load('jupyterlab_rob');

describe('formatValue()', () => {
  it.each([
    [0.98123456, '0.9812'],
    [12345.678, '12345.7'],
    [12345678.9, '1.235e+7'],
    [0.000012345, '1.234e-5'],
    [0, '0'],
    [17, '17'],
    [NaN, '–'],
    [null, '–'],
    [undefined, '–'],
    ['<b>', '<b>'],
    [true, 'true']
  ])('should write %p as %p', (value, text) => {
    expect(formatValue(value)).toBe(text);
  });
});

describe('formatElapsed()', () => {
  it.each([
    [-1, '0 s'],
    [59.9, '59 s'],
    [65, '1:05'],
    [7209, '2:00:09']
  ])('should write %p as %p', (seconds, text) => {
    expect(formatElapsed(seconds, trans)).toBe(text);
  });
});

describe('formatAge()', () => {
  it.each([
    ['2026-01-02T12:00:00Z', 'now'],
    ['2026-01-02T11:58:00+00:00', '2 min'],
    ['2026-01-02T10:00:00', '2 h'],
    ['2025-12-30T12:00:00Z', '3 d']
  ])('should tell how long ago %p was', (time, text) => {
    const now = Date.UTC(2026, 0, 2, 12, 0, 30);
    expect(formatAge(time, now, trans)).toBe(text);
  });
});
