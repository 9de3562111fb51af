import { parseSeparated, toTable } from '../resulttable';

describe('parseSeparated()', () => {
  it('should split rows and fields', () => {
    expect(parseSeparated('a,b\n1,2\n')).toEqual([
      ['a', 'b'],
      ['1', '2']
    ]);
    expect(parseSeparated('a\tb\r\n1\t2', '\t')).toEqual([
      ['a', 'b'],
      ['1', '2']
    ]);
  });

  it('should take quoted fields as they are', () => {
    expect(parseSeparated('"a,""x""\n",b\n')).toEqual([['a,"x"\n', 'b']]);
  });

  it('should keep empty fields and leave out empty lines', () => {
    expect(parseSeparated('\ufeffa,,\n\n,b,c')).toEqual([
      ['a', '', ''],
      ['', 'b', 'c']
    ]);
    expect(parseSeparated('')).toEqual([]);
  });
});

describe('toTable()', () => {
  it('should have a column for each name', () => {
    const rows = toTable([
      { name: 'alice', auc: 0.9 },
      { name: 'bob', n: 3 }
    ]);
    expect(rows).toEqual([
      ['name', 'auc', 'n'],
      ['alice', '0.9', '–'],
      ['bob', '–', '3']
    ]);
  });

  it('should take lists and single objects, too', () => {
    expect(toTable([['a'], [1]])).toEqual([['a'], ['1']]);
    expect(toTable({ auc: 0.9 })).toEqual([
      ['', ''],
      ['auc', '0.9']
    ]);
  });

  it('should be null for what is no table', () => {
    for (const value of [null, 3, 'text', [], {}, [1, 2], [{}, 1]]) {
      expect(toTable(value)).toBeNull();
    }
  });
});
