import * as fc from 'fast-check';

type Schema = Readonly<Record<string, unknown>>;

/** Right more often than not, so that many requests get past the first check. */
const WRONG_ONE_IN = 40;

/** Values of a JSON schema, and now and then any other in place of a part of one. */
export function arbitraryOfSchema(schema: Schema): fc.Arbitrary<unknown> {
  const right = rightOf(schema);
  const wrong = fc.jsonValue({maxDepth: 2});
  return fc.oneof({weight: WRONG_ONE_IN - 1, arbitrary: right}, {weight: 1, arbitrary: wrong});
}

function rightOf(schema: Schema): fc.Arbitrary<unknown> {
  if ('const' in schema) return fc.constant(schema['const']);
  if (Array.isArray(schema['enum'])) return fc.constantFrom(...schema['enum']);
  for (const keyword of ['anyOf', 'oneOf', 'allOf']) {
    const list = schemasOf(schema[keyword]);
    if (list.length > 0) return fc.oneof(...list.map(arbitraryOfSchema));
  }
  switch (schema['type']) {
    case 'object':
      return objectOf(schema);
    case 'array':
      return fc.array(arbitraryOfSchema(schemaOf(schema['items'])), {
        minLength: numberOf(schema['minItems'], 0),
        maxLength: Math.min(3, numberOf(schema['maxItems'], 3)),
      });
    case 'string':
      return textOf(schema);
    case 'integer':
      return fc.integer({
        min: Math.max(-1_000, numberOf(schema['minimum'], -1_000)),
        max: Math.min(1_000, numberOf(schema['maximum'], 1_000)),
      });
    case 'number':
      return fc.double({
        min: numberOf(schema['minimum'], -10),
        max: numberOf(schema['maximum'], 10),
        noNaN: true,
      });
    case 'boolean':
      return fc.boolean();
    case 'null':
      return fc.constant(null);
    default:
      return fc.jsonValue({maxDepth: 2});
  }
}

function objectOf(schema: Schema): fc.Arbitrary<unknown> {
  const properties = Object.entries(schemaOf(schema['properties']));
  if (properties.length === 0) {
    const {propertyNames, additionalProperties} = schema;
    return fc.dictionary(
      textOf(schemaOf(propertyNames)),
      arbitraryOfSchema(schemaOf(additionalProperties)),
      {maxKeys: 3},
    );
  }
  const required = Array.isArray(schema['required']) ? schema['required'].map(String) : [];
  // Few at once: with all of a long list some part would always be wrong.
  const optional = properties.map(([name]) => name).filter((name) => !required.includes(name));
  const models = properties.map(
    ([name, inner]) => [name, arbitraryOfSchema(schemaOf(inner))] as const,
  );
  return fc
    .subarray(optional, {maxLength: Math.min(4, optional.length)})
    .chain((chosen) =>
      fc.record(
        Object.fromEntries(
          models.filter(([name]) => required.includes(name) || chosen.includes(name)),
        ),
      ),
    );
}

function textOf({pattern, minLength, maxLength}: Schema): fc.Arbitrary<string> {
  if (typeof pattern === 'string') return fc.stringMatching(new RegExp(pattern, 'u'));
  return fc.string({
    minLength: numberOf(minLength, 0),
    maxLength: Math.min(12, numberOf(maxLength, 12)),
  });
}

const numberOf = (value: unknown, otherwise: number): number =>
  typeof value === 'number' ? value : otherwise;

function schemaOf(value: unknown): Schema {
  return typeof value === 'object' && value !== null
    ? Object.fromEntries(Object.entries(value))
    : {};
}

const schemasOf = (value: unknown): readonly Schema[] =>
  Array.isArray(value) ? value.map(schemaOf) : [];
