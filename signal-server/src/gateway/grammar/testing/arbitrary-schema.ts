import * as fc from 'fast-check';

const optional = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, {nil: undefined});
const names = fc.constantFrom('a', 'b', "it's", 'naïve ☃', 'toString', 'a.b', '', 'a"', '\\', '\n');
const value = fc.oneof(
  fc.constantFrom<unknown>('', 'x', 'Oslo "{}"', 0, -1, 2.5, 1e-7, 1e21, true, null),
  fc.jsonValue({maxDepth: 1}),
);
const bound = fc.oneof(
  fc.integer({min: -300, max: 300}),
  fc.integer({min: -9_000, max: 9_000}).map((thousandths) => thousandths / 1_000),
  fc.integer({min: -40, max: 40}).map((quarters) => quarters / 4),
);
const count = fc.nat(4);
const text = fc.constant('string');

const leaves: fc.Arbitrary<object> = fc.oneof(
  fc.array(value, {minLength: 1, maxLength: 4}).map((values) => ({enum: values})),
  value.map((one) => ({const: one})),
  fc
    .uniqueArray(fc.constantFrom('boolean', 'null', 'string', 'number', 'integer'), {minLength: 1})
    .map((type) => ({type})),
  fc.record({type: text, minLength: optional(count), maxLength: optional(count)}),
  fc.record({type: text, format: fc.constantFrom('date', 'time', 'uuid', 'email')}),
  fc.record({type: text, pattern: fc.constantFrom('^[a-c]{2}$', 'x|yz', '\\d+')}),
  fc.record({
    type: fc.constantFrom('number', 'integer'),
    minimum: optional(bound),
    maximum: optional(bound),
    exclusiveMinimum: optional(bound),
    exclusiveMaximum: optional(bound),
  }),
);

function objectsOf(inner: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc
    .uniqueArray(fc.tuple(names, inner, fc.boolean()), {maxLength: 3, selector: ([name]) => name})
    .chain((fields) =>
      fc.record({
        type: fc.constant('object'),
        properties: fc.constant(Object.fromEntries(fields.map(([name, of]) => [name, of]))),
        required: fc.constant(fields.filter(([, , is]) => is).map(([name]) => name)),
        additionalProperties: optional(fc.oneof(fc.boolean(), inner)),
      }),
    );
}

function nestedOf(inner: fc.Arbitrary<object>): fc.Arbitrary<object> {
  return fc.oneof(
    objectsOf(inner),
    fc.record({
      type: fc.constant('array'),
      items: inner,
      minItems: optional(count),
      maxItems: optional(count),
    }),
    fc
      .tuple(fc.constantFrom('anyOf', 'oneOf'), fc.array(inner, {minLength: 1, maxLength: 3}))
      .map(([keyword, list]) => ({[keyword]: list})),
  );
}

/** As JSON has it. */
function withoutUndefined(schema: object): object {
  return Object.fromEntries(Object.entries(schema).filter(([, each]) => each !== undefined));
}

const depth1 = leaves.map(withoutUndefined);
const depth2 = fc.oneof(depth1, nestedOf(depth1).map(withoutUndefined));

/** Schemas of the keywords that are followed, up to three in each other; some of them cannot be. */
export const arbitrarySchema: fc.Arbitrary<object> = fc.oneof(depth1, {
  weight: 3,
  arbitrary: nestedOf(depth2).map(withoutUndefined),
});
