import { runName } from '../runname';
import { makeRun } from './server';

describe('runName()', () => {
  const submitted = (...names: string[]) =>
    names.map(name => ({ parameter: name, name, sha256: '' }));

  it('should name each notebook once', () => {
    const names = submitted('a.ipynb', 'b.ipynb', 'a.ipynb');
    expect(runName(makeRun({ submitted: names }))).toBe('a.ipynb, b.ipynb');
  });

  it('should do with the one that an older service tells', () => {
    expect(runName(makeRun())).toBe('tagger.ipynb');
    expect(runName(makeRun({ submitted: [] }))).toBe('tagger.ipynb');
    expect(runName(makeRun({ submitted: null }))).toBe('tagger.ipynb');
  });

  it('should do without a name', () => {
    expect(runName(makeRun({ notebook: null }))).toBe('r1');
    expect(runName(makeRun({ notebook: null }), 'run r1')).toBe('run r1');
  });
});
