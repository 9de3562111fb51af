import { makeBenchmark, makeRun, makeTwoSteps } from '../../__tests__/server';
import type { IParameter } from '../../protocol';
import type { JSONObject } from '@lumino/coreutils';
import {
  changedArguments,
  defaultArguments,
  formParameters,
  givenArguments,
  invalidParameters,
  notebookParameters,
  toJSONSchema,
  unsupportedParameters
} from '../parameters';

function parameter(values: Partial<IParameter>): IParameter {
  return { name: 'p', dtype: 'string', index: 0, isRequired: false, ...values };
}

function property(values: Partial<IParameter>) {
  return toJSONSchema([parameter(values)]).properties?.p;
}

describe('notebookParameters()', () => {
  const names = (parameters: IParameter[]) =>
    notebookParameters(makeBenchmark({ parameters })).map(({ name }) => name);

  it('should be the actors, in their order', () => {
    const actor = (name: string, index: number) =>
      parameter({ name, index, dtype: 'actor' });
    const file = parameter({ name: 'f', dtype: 'file', target: 'f.ipynb' });
    expect(names([actor('b', 2), file, actor('a', 1)])).toEqual(['a', 'b']);
  });

  it('should be notebook files where there are no actors, else scripts', () => {
    const file = (name: string, target?: string) =>
      parameter({ name, dtype: 'file', target });
    const script = file('s', 'code/s.py');
    const first = file('m', 'm.ipynb');
    const second = file('n', 'n.ipynb');
    expect(names([script, first, file('t', 't.txt'), second])).toEqual([
      'm',
      'n'
    ]);
    expect(names([file('t', 't.txt'), script])).toEqual(['s']);
    expect(names([file('t', 't.txt')])).toEqual([]);
  });

  it('should be one file where no file has a target', () => {
    const file = (name: string) => parameter({ name, dtype: 'file' });
    expect(names([parameter({}), file('f'), file('g')])).toEqual(['f']);
  });
});

describe('formParameters()', () => {
  it('should leave the notebook out and keep the order', () => {
    const benchmark = makeBenchmark({
      parameters: [
        parameter({ name: 'last', index: 3 }),
        parameter({ name: 'code', dtype: 'actor' }),
        parameter({ name: 'first', index: 1 }),
        parameter({ name: 'table', dtype: 'file', index: 2 })
      ]
    });
    const names = formParameters(benchmark).map(({ name }) => name);
    expect(names).toEqual(['first', 'last']);
  });
});

describe('unsupportedParameters()', () => {
  it('should name what is required and can not be given', () => {
    const benchmark = makeBenchmark({
      parameters: [
        parameter({ name: 'code', dtype: 'actor', isRequired: true }),
        parameter({ name: 'table', dtype: 'file', isRequired: true }),
        parameter({ name: 'extra', dtype: 'file' })
      ]
    });
    const names = unsupportedParameters(benchmark).map(({ name }) => name);
    expect(names).toEqual(['table']);
  });

  it('should not name any of several notebooks', () => {
    expect(unsupportedParameters(makeTwoSteps())).toEqual([]);
  });
});

describe('defaultArguments()', () => {
  it('should take declared defaults and chosen options', () => {
    const values = defaultArguments([
      parameter({ name: 'a', defaultValue: 0 }),
      parameter({ name: 'b', defaultValue: false }),
      parameter({ name: 'c' }),
      parameter({
        name: 'd',
        dtype: 'select',
        values: [
          { name: 'One', value: 1 },
          { name: 'Two', value: 2, isDefault: true }
        ]
      })
    ]);
    expect(values).toEqual({ a: 0, b: false, d: 2 });
  });
});

describe('toJSONSchema()', () => {
  it.each([
    ['bool', 'boolean'],
    ['int', 'integer'],
    ['float', 'number'],
    ['string', 'string']
  ])('should type %s as %s', (dtype, type) => {
    expect(property({ dtype })).toEqual({ title: 'p', type });
  });

  it('should carry label, help and what is required', () => {
    const schema = toJSONSchema([
      parameter({ label: 'Seed', help: 'Any number', isRequired: true })
    ]);
    expect(schema.required).toEqual(['p']);
    expect(schema.properties?.p).toEqual({
      title: 'Seed',
      description: 'Any number',
      type: 'string'
    });
  });

  it('should offer the options of a select', () => {
    const values = [{ name: 'Fast', value: 'f' }];
    expect(property({ dtype: 'select', values })).toMatchObject({
      type: 'string',
      oneOf: [{ const: 'f', title: 'Fast' }]
    });
  });

  it.each([
    ['[0,1]', { minimum: 0, maximum: 1 }],
    ['(0.5,10)', { exclusiveMinimum: 0.5, exclusiveMaximum: 10 }],
    ['[-inf,3]', { maximum: 3 }],
    ['[2,]', { minimum: 2 }],
    ['nonsense', {}]
  ])('should read the range %s', (range, limits) => {
    expect(property({ dtype: 'float', range })).toEqual({
      title: 'p',
      type: 'number',
      ...limits
    });
  });
});

describe('invalidParameters()', () => {
  const options = [{ name: 'One', value: 1 }];

  it.each<[Partial<IParameter>, JSONObject, boolean]>([
    [{ dtype: 'int', range: '[-3,3]' }, { p: 3 }, true],
    [{ dtype: 'int', range: '[-3,3]' }, { p: 4 }, false],
    [{ dtype: 'int', range: '[-3,3)' }, { p: 3 }, false],
    [{ dtype: 'float', range: '(0,]' }, { p: 0 }, false],
    [{ dtype: 'int' }, { p: 1.5 }, false],
    [{ dtype: 'float' }, { p: 1.5 }, true],
    [{ dtype: 'float' }, { p: '1.5' }, false],
    [{ dtype: 'bool' }, { p: 'yes' }, false],
    [{ dtype: 'select', values: options }, { p: 1 }, true],
    [{ dtype: 'select', values: options }, { p: 2 }, false],
    [{ isRequired: true }, {}, false],
    [{ isRequired: false }, {}, true]
  ])('should judge %j with %j', (values, given, isValid) => {
    const invalid = invalidParameters([parameter(values)], given);
    expect(invalid).toHaveLength(isValid ? 0 : 1);
  });
});

describe('changedArguments()', () => {
  it('should leave the defaults out', () => {
    const parameters = [
      parameter({ name: 'a', defaultValue: 0 }),
      parameter({ name: 'b', defaultValue: 0 }),
      parameter({ name: 'c' })
    ];
    expect(changedArguments(parameters, { a: 0, b: 3 })).toEqual([['b', 3]]);
  });
});

describe('givenArguments()', () => {
  it("should have scalars and the notebook's own, without defaults", () => {
    const run = makeRun({
      arguments: [
        { name: 'seed', value: 7 },
        { name: 'shift', value: 3 },
        { name: 'table', value: { type: '$file', value: { fileId: 'f' } } },
        {
          name: 'code',
          value: {
            type: '$notebook',
            value: { fileId: 'f', parameters: { depth: 2 } }
          }
        }
      ]
    });
    const parameters = makeBenchmark().parameters;
    expect(givenArguments(run, parameters)).toEqual([
      ['shift', 3],
      ['depth', 2]
    ]);
  });
});
