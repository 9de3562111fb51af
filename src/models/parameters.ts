import type { JSONObject, JSONValue } from '@lumino/coreutils';
import type { JSONSchema7 } from 'json-schema';
import type { IBenchmarkDetail, IParameter } from '../protocol';

const TYPES: Record<string, JSONSchema7['type']> = {
  bool: 'boolean',
  int: 'integer',
  float: 'number',
  string: 'string',
  select: undefined
};

/** The parameter that the submitted notebook fills, if there is one. */
export function notebookParameter(
  benchmark: IBenchmarkDetail
): IParameter | undefined {
  const declared = benchmark.notebookSteps?.[0]?.parameter;
  const { parameters } = benchmark;
  return (
    parameters.find(({ name }) => name === declared) ??
    parameters.find(({ dtype }) => dtype === 'actor') ??
    parameters.find(({ dtype }) => dtype === 'file')
  );
}

/** The parameters that a form can ask for, in their order. */
export function formParameters(benchmark: IBenchmarkDetail): IParameter[] {
  const notebook = notebookParameter(benchmark);
  return benchmark.parameters
    .filter(parameter => parameter !== notebook && parameter.dtype in TYPES)
    .sort((a, b) => a.index - b.index);
}

/** What must be given but neither the notebook nor the form can give. */
export function unsupportedParameters(
  benchmark: IBenchmarkDetail
): IParameter[] {
  const notebook = notebookParameter(benchmark);
  return benchmark.parameters.filter(
    parameter =>
      parameter !== notebook &&
      parameter.isRequired &&
      isMissing(parameter.defaultValue) &&
      !(parameter.dtype in TYPES)
  );
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

function toProperty(parameter: IParameter): JSONSchema7 {
  const { dtype, name, label, help, range, values } = parameter;
  const schema: JSONSchema7 = { title: label || name };
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

function isMissing(value: JSONValue | undefined): value is null | undefined {
  return value === undefined || value === null;
}
