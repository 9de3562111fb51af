import { nullTranslator } from '@jupyterlab/translation';
import {
  formatAge,
  formatElapsed,
  formatValue,
  secondsBetween,
  shortName
} from '../format';

const trans = nullTranslator.load('jupyterlab_rob');

describe('formatValue()', () => {
  it.each([
    [0.98123456, '0.9812'],
    [12345.678, '12345.7'],
    [12345678.9, '1.235e+7'],
    [0.000012345, '1.235e-5'],
    [24.375, '24.38'],
    [22.575, '22.58'],
    [-22.575, '-22.58'],
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

describe('secondsBetween()', () => {
  it('should take a time without a zone for UTC', () => {
    expect(secondsBetween('2026-01-02T12:00:00', '2026-01-02T12:01:05Z')).toBe(
      65
    );
  });
});

describe('shortName()', () => {
  it('should leave out the middle of a long name', () => {
    const name = `${'a'.repeat(40)}-${'b'.repeat(40)}.ipynb`;
    const short = shortName(name);
    expect(short).toHaveLength(30);
    expect(short).toMatch(/^a+…b+\.ipynb$/);
    expect(shortName('tagger.ipynb')).toBe('tagger.ipynb');
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
