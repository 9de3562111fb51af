import { JSONExt, JSONObject, JSONValue } from '@lumino/coreutils';
import type { JSONSchema7 } from 'json-schema';
import type { IBenchmarkDetail, IParameter, IRun } from '../protocol';

const TYPES: Record<string, JSONSchema7['type']> = {
  bool: 'boolean',
  int: 'integer',
  float: 'number',
  string: 'string',
  select: undefined
};

/** The parameters that notebooks fill, in their order. */
export function notebookParameters(benchmark: IBenchmarkDetail): IParameter[] {
  const parameters = inOrder(benchmark.parameters);
  const files = parameters.filter(({ dtype }) => dtype === 'file');
  const kinds = [
    parameters.filter(({ dtype }) => dtype === 'actor'),
    files.filter(({ target }) => target?.endsWith('.ipynb')),
    files.filter(({ target }) => target?.endsWith('.py')),
    files.filter(({ target }) => !target).slice(0, 1)
  ];
  return kinds.find(({ length }) => length > 0) ?? [];
}

/** The parameters that a form can ask for, in their order. */
export function formParameters(benchmark: IBenchmarkDetail): IParameter[] {
  return inOrder(benchmark.parameters.filter(({ dtype }) => dtype in TYPES));
}

/** What must be given but neither a notebook nor the form can give. */
export function unsupportedParameters(
  benchmark: IBenchmarkDetail
): IParameter[] {
  const notebooks = notebookParameters(benchmark);
  return benchmark.parameters.filter(
    parameter =>
      !notebooks.includes(parameter) &&
      parameter.isRequired &&
      isMissing(parameter.defaultValue) &&
      !(parameter.dtype in TYPES)
  );
}

/** What a parameter is called for the reader. */
export function labelOf({ label, name }: IParameter): string {
  return label || name;
}

/** The declared defaults by name; what has none is left out. */
export function defaultArguments(parameters: IParameter[]): JSONObject {
  const values: JSONObject = {};
  for (const { name, defaultValue, values: options } of parameters) {
    const value =
      defaultValue ?? options?.find(({ isDefault }) => isDefault)?.value;
    if (!isMissing(value)) {
      values[name] = value;
    }
  }
  return values;
}

/** The values that are not their parameters' defaults, in the order of the parameters. */
export function changedArguments(
  parameters: IParameter[],
  values: JSONObject
): [name: string, value: JSONValue][] {
  const defaults = defaultArguments(parameters);
  return parameters
    .map(({ name }): [string, JSONValue] => [name, values[name] ?? null])
    .filter(
      ([name, value]) =>
        value !== null && !JSONExt.deepEqual(value, defaults[name] ?? null)
    );
}

/** What was given for a run, the notebook's own parameters included, but for defaults and files. */
export function givenArguments(
  run: IRun,
  parameters: IParameter[]
): [name: string, value: JSONValue][] {
  const defaults = defaultArguments(run.parameters ?? parameters);
  const given: JSONObject = {};
  for (const { name, value } of run.arguments ?? []) {
    if (typeof value !== 'object') {
      given[name] = value;
    } else if (value && !Array.isArray(value) && value.type === '$notebook') {
      const own = (value.value as JSONObject | undefined)?.parameters;
      Object.assign(given, own);
    }
  }
  return Object.entries(given)
    .filter(
      ([name, value]) => !JSONExt.deepEqual(value, defaults[name] ?? null)
    )
    .map(([name, value]) => [name, value]);
}

/** A JSON schema of an object with one property for each parameter. */
export function toJSONSchema(parameters: IParameter[]): JSONSchema7 {
  const properties: Record<string, JSONSchema7> = {};
  for (const parameter of parameters) {
    properties[parameter.name] = toProperty(parameter);
  }
  return {
    type: 'object',
    properties,
    required: parameters.filter(p => p.isRequired).map(p => p.name)
  };
}

/** The parameters whose values the form would mark. */
export function invalidParameters(
  parameters: IParameter[],
  values: JSONObject
): IParameter[] {
  return parameters.filter(parameter => {
    const value = values[parameter.name];
    return value === undefined
      ? parameter.isRequired
      : !fits(value, toProperty(parameter));
  });
}

/** Whether a value fits one of the schemas that `toProperty` makes. */
function fits(value: JSONValue, schema: JSONSchema7): boolean {
  if (schema.oneOf) {
    return schema.oneOf.some(
      option => typeof option === 'object' && option.const === value
    );
  }
  switch (schema.type) {
    case 'boolean':
      return typeof value === 'boolean';
    case 'string':
      return typeof value === 'string';
    case 'integer':
    case 'number':
      return (
        typeof value === 'number' &&
        Number.isFinite(value) &&
        (schema.type === 'number' || Number.isInteger(value)) &&
        value >= (schema.minimum ?? -Infinity) &&
        value > (schema.exclusiveMinimum ?? -Infinity) &&
        value <= (schema.maximum ?? Infinity) &&
        value < (schema.exclusiveMaximum ?? Infinity)
      );
    default:
      return true;
  }
}

function toProperty(parameter: IParameter): JSONSchema7 {
  const { dtype, help, range, values } = parameter;
  const schema: JSONSchema7 = { title: labelOf(parameter) };
  if (TYPES[dtype]) {
    schema.type = TYPES[dtype];
  }
  if (help) {
    schema.description = help;
  }
  if (dtype === 'select') {
    const options = values ?? [];
    const isText = options.every(({ value }) => typeof value === 'string');
    schema.type = isText ? 'string' : ['string', 'number'];
    schema.oneOf = options.map(option => ({
      const: option.value,
      title: option.name
    }));
  }
  return { ...schema, ...limits(range) };
}

/** The limits that an interval such as `(0,1]` or `[,10)` sets. */
function limits(range: string | null | undefined): JSONSchema7 {
  const match = /^([[(])([^,]*),([^,]*)([\])])$/.exec(range?.trim() ?? '');
  const schema: JSONSchema7 = {};
  if (!match) {
    return schema;
  }
  const [, opening, left, right, closing] = match;
  const low = left.trim() === '' ? NaN : Number(left);
  const high = right.trim() === '' ? NaN : Number(right);
  if (Number.isFinite(low)) {
    schema[opening === '[' ? 'minimum' : 'exclusiveMinimum'] = low;
  }
  if (Number.isFinite(high)) {
    schema[closing === ']' ? 'maximum' : 'exclusiveMaximum'] = high;
  }
  return schema;
}

function inOrder(parameters: readonly IParameter[]): IParameter[] {
  return [...parameters].sort((a, b) => a.index - b.index);
}

function isMissing(value: JSONValue | undefined): value is null | undefined {
  return value === undefined || value === null;
}
