import type { ICell } from '@jupyterlab/nbformat';
import { tagsOf, untagged } from '../tags';

const BROKEN = [null, 7, 'rob:tagger', ['rob:preproc']];

function cell(cell_type: string, tags: unknown) {
  return { cell_type, source: '1', metadata: { tags } } as ICell;
}

describe('tagsOf()', () => {
  it('should be what is text', () => {
    expect(tagsOf({ tags: BROKEN })).toEqual(['rob:tagger']);
    expect(tagsOf({ tags: 'rob:tagger' })).toEqual([]);
    expect(tagsOf({})).toEqual([]);
    expect(tagsOf(undefined)).toEqual([]);
  });
});

describe('untagged()', () => {
  it('should be what no code cell has a tag for', () => {
    const cells = [cell('code', BROKEN), cell('markdown', ['rob:preproc'])];
    const notebook = { metadata: {}, nbformat: 4, nbformat_minor: 5, cells };
    expect(untagged(notebook, ['preproc', 'tagger'])).toEqual(['preproc']);
  });
});
