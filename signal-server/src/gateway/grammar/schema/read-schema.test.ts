import {expect, test} from 'vitest';
import {HOSTILE_SCHEMAS, WORDS} from '../testing/schemas.ts';
import {readSchema} from './read-schema.ts';
import {ReadingWork} from './reading-work.ts';
import {SchemaFault} from './schema-fault.ts';

const object = (properties: object, more: object = {}) => ({type: 'object', properties, ...more});

function faultOf(schema: unknown): {readonly code: string; readonly message: string} | null {
  try {
    readSchema(schema);
    return null;
  } catch (error) {
    if (!(error instanceof SchemaFault)) throw error;
    return {code: error.detail.code, message: error.message};
  }
}

test('[SO1] what a schema says is kept, and what it says to people is left out', () => {
  const schema = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Person',
    type: 'object',
    properties: {
      name: {type: 'string', maxLength: 20, description: 'as on the card'},
      age: {type: ['integer', 'null'], minimum: 0, default: 1},
      pet: {$ref: '#/$defs/Pet'},
      tags: {items: {enum: ['a', 'b', 3], type: 'string'}, maxItems: 2},
    },
    required: ['name'],
    $defs: {Pet: {anyOf: [{const: 'cat'}, {$ref: '#'}]}},
  };
  expect(readSchema(schema)).toEqual({
    type: 'object',
    properties: {
      name: {length: {least: 0, most: 20}},
      age: {anyOf: [{range: {decimals: 0, least: 0, most: 1e15, multipleOf: 1}}, {type: 'null'}]},
      pet: {$ref: '#/$defs/d_Pet'},
      tags: {type: 'array', items: {enum: ['a', 'b']}, maxItems: 2},
    },
    required: ['name'],
    additionalProperties: false,
    $defs: {d_Pet: {anyOf: [{enum: ['cat']}, {$ref: '#'}]}},
  });
  expect(readSchema({})).toEqual({});
  expect(readSchema({type: 'object'})).toEqual({type: 'object', additionalProperties: {}});
});

test.each([
  [
    'not',
    object({a: {not: {type: 'string'}}}),
    'The schema at "/properties/a" has "not": that is not followed',
  ],
  [
    'alternatives that are not apart',
    object({a: {oneOf: [{type: 'string'}, {type: 'null'}, {type: 'string', maxLength: 3}]}}),
    'The schema at "/properties/a/oneOf" has alternatives 0 and 2, which differ neither in their types nor in a property that both require: that is not followed; "anyOf" is',
  ],
  [
    'all of several',
    {allOf: [{type: 'string'}, {maxLength: 3}]},
    'The schema at "/allOf" has more than one schema: that is not followed',
  ],
  [
    'an address inside',
    object({a: {$id: 'a', type: 'string'}}),
    'The schema at "/properties/a" has "$id": that is not followed',
  ],
  ['a number beyond all others', {const: JSON.parse('1e400')}, /a number beyond 2\^53/u],
  ['a number that is not exact', {enum: [1, {a: [2 ** 53]}]}, /a number beyond 2\^53/u],
  ['half a character', {const: '\ud800'}, /half a character/u],
  [
    'half a character in a name',
    object({a: object({'\udc00': {}})}),
    'The schema at "/properties/a/properties" names a property with half a character: no text has it',
  ],
  ['digits that are not exact', {minimum: 0.1, maximum: 9e14}, /more digits than are followed/u],
  ['a bound of many decimals', {type: 'number', minimum: 1e-7}, /6 behind the point, and 15/u],
  ['flags in a pattern', {pattern: '(?i:a)'}, /flags inside/u],
  [
    'multiples of a part',
    {type: 'number', multipleOf: 0.01},
    'The schema has a "multipleOf" that is not a whole number from 1: that is not followed',
  ],
  [
    'uniqueItems',
    {type: 'array', uniqueItems: true},
    'The schema has "uniqueItems": that is not followed',
  ],
  [
    'a keyword of another type',
    {type: 'boolean', minLength: 1},
    'The schema has "minLength": that is not followed',
  ],
  [
    'a keyword beside anyOf',
    {anyOf: [true], type: 'string'},
    'The schema has "type" beside "anyOf": that is not followed',
  ],
  [
    'a format',
    {type: 'string', format: 'regex'},
    /has a "format" that is not followed; these are: date/u,
  ],
  ['a pattern with a length', {type: 'string', pattern: 'a', minLength: 2}, /and not both/u],
  ['a pattern with a format', {type: 'string', pattern: 'a', format: 'date'}, /and not both/u],
  [
    'a length that few addresses have',
    {type: 'string', format: 'email', maxLength: 20},
    'The schema has a length that not every text of its "format" has: they are followed from 6 to 64 characters',
  ],
  ['a length that no date has', {format: 'date', minLength: 11}, /from 10 to 10 characters/u],
  ['a reference to elsewhere', {$ref: 'https://example.com/schema'}, /"\$ref" may be "#"/u],
  ['a look ahead', {pattern: '(?=a)b'}, /"pattern" with a look ahead/u],
  ['a reference back', {pattern: '(a)\\1'}, /a reference back/u],
  ['any character', {pattern: '.*'}, /a set of characters other than/u],
  ['a class of all others', {pattern: '[^a]'}, /a class of all characters but some/u],
  ['a quote', {pattern: 'a"b'}, /a quote/u],
  ['an anchor inside', {pattern: 'a^b'}, /an anchor inside/u],
  ['a repeat of what may be empty', {pattern: '(\\w?)*'}, /a repeat of what may be empty/u],
  ['a repeat of nothing', {pattern: '(a{0}|()){1000000000}'}, /a repeat of what may be empty/u],
  [
    'turns that share a text in many ways',
    {pattern: '(\\w{1,12} ?){0,30}'},
    'The schema has a "pattern" of which a text may be in more than 8 places at once: that is not followed; of parts that repeat, let one have a fixed length, or end with what the other has not',
  ],
  ['parts that share a text in many ways', {pattern: '\\w?'.repeat(32)}, /8 places at once/u],
  ['alternatives that begin alike', {pattern: '(ab|a|b|ba){80}'}, /8 places at once/u],
])(
  '[SO2] what cannot be followed is refused by its name and its place: %s',
  (_, schema, message) => {
    expect(faultOf(schema)).toEqual({
      code: 'SCHEMA_UNSUPPORTED',
      message: typeof message === 'string' ? message : expect.stringMatching(message),
    });
  },
);

test.each([
  ['no object', 'string', 'The schema must be an object'],
  ['no type', {type: 'text'}, /other than object, array/u],
  ['a type twice', {type: ['string', 'string']}, /names a type twice/u],
  [
    'an unknown definition',
    {$ref: '#/$defs/none'},
    'The schema refers to "none", which is not defined',
  ],
  ['an unknown required name', object({a: {}}, {required: ['b']}), /requires "b"/u],
  [
    'a name that is required twice',
    object({a: {}}, {required: ['a', 'a']}),
    'The schema requires "a" twice',
  ],
  ['bounds the wrong way', {type: 'string', minLength: 2, maxLength: 1}, /more than "maxLength"/u],
  ['no regular expression', {pattern: '(a'}, /not a regular expression/u],
  ['a definition of itself', {$ref: '#'}, /nothing but itself/u],
  [
    'definitions of each other',
    {$defs: {a: {$ref: '#/$defs/b'}, b: {anyOf: [{$ref: '#/$defs/a'}, {type: 'null'}]}}},
    /nothing but itself/u,
  ],
  ['a value without end', object({next: {$ref: '#'}}, {required: ['next']}), /no value that ends/u],
  ['no alternatives', {anyOf: []}, 'The schema at "/anyOf" must have a schema'],
  [
    'additional properties without a schema',
    object({a: true}, {additionalProperties: 7}),
    'The schema at "/additionalProperties" must be an object',
  ],
  ['bounds of nothing', {type: 'number', exclusiveMinimum: 2, maximum: 2}, /no number of up to/u],
  ['bounds of no whole number', {type: 'integer', minimum: 1.2, maximum: 1.8}, /no whole number/u],
  ['bounds of no multiple', {minimum: 1, maximum: 6, multipleOf: 7}, /no whole number/u],
  ['multiples of nothing', {multipleOf: 0}, /"multipleOf" that is not a whole number from 1/u],
  ['a bound that is no number', {minimum: '1'}, 'The schema has a "minimum" that is not a number'],
  [
    'a bound beyond all numbers',
    {type: 'integer', minimum: 2 ** 53},
    /no whole number up to 10\^15/u,
  ],
  ['an enum of another type', {type: 'string', enum: [1, 2]}, /no value that it allows/u],
])('[SO2] what is no schema is refused: %s', (_, schema, message) => {
  expect(faultOf(schema)).toEqual({
    code: 'SCHEMA_INVALID',
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });
});

const kind = (value: string, more: object = {}) =>
  object({kind: {const: value}}, {required: ['kind'], ...more});

test.each<[string, object[]]>([
  ['types', [{type: 'string'}, {type: ['null', 'boolean']}, {type: 'integer'}]],
  ['values', [{const: 'a'}, {enum: ['b', 1]}, {enum: [2]}]],
  ['values and types', [{const: 'a'}, {type: 'number'}]],
  ['a property that both require', [kind('a'), kind('b')]],
  ['one of references', [{$ref: '#/$defs/a'}, {$ref: '#/$defs/b'}]],
  ['one of alternatives', [{anyOf: [kind('a'), kind('b')]}, kind('c')]],
  [
    'a property that only one may have',
    [object({a: {}}, {required: ['a']}), object({b: {}}, {additionalProperties: false})],
  ],
])('[SO1] alternatives differ by %s', (_, oneOf) => {
  const $defs = {a: kind('a'), b: kind('b')};
  expect(readSchema({oneOf, $defs})).toHaveProperty('anyOf');
});

test.each<[string, object[]]>([
  ['a number may be whole', [{type: 'integer'}, {type: 'number'}]],
  ['the same value', [{enum: ['a', 'b']}, {enum: ['c', 'b']}]],
  ['zero has two signs', [{const: 0}, {const: JSON.parse('-0')}]],
  ['objects that are the same', [{const: {a: 1, b: 2}}, {const: {b: 2, a: 1}}]],
  ['without a type, any value follows', [kind('a'), {properties: {kind: {const: 'b'}}}]],
  ['a property that one may leave out', [kind('a'), object({kind: {const: 'b'}})]],
  ['an alternative that is both', [{anyOf: [kind('a'), kind('b')]}, kind('b')]],
  ['anything', [{type: 'string'}, {}]],
])('[SO2] alternatives may not differ: %s', (_, oneOf) => {
  expect(faultOf({oneOf})?.message).toContain('alternatives 0 and 1, which differ neither');
});

test.each<[schema: object, decimals: number, least: number, most: number, multipleOf?: number]>([
  [{type: 'integer', minimum: -2, exclusiveMaximum: 1}, 0, -2, 0],
  [{type: 'integer', exclusiveMinimum: 1.5, maximum: 7.5}, 0, 2, 7],
  [{type: 'number', exclusiveMinimum: 0, maximum: 0.03}, 6, 1, 30_000],
  [{minimum: -1.1, maximum: 1e10}, 5, -110_000, 1e15],
  [{type: 'number', minimum: 1}, 6, 1e6, 1e21],
  // As zod writes any whole number that is safe.
  [{type: 'integer', minimum: -(2 ** 53) + 1, maximum: 2 ** 53 - 1}, 0, -1e15, 1e15],
  [{type: 'number', maximum: 100, multipleOf: 5}, 0, -1e15, 100, 5],
])(
  '[SO7] the numbers that bounds allow are counted in their last decimal: %o',
  (schema, decimals, least, most, multipleOf = 1) => {
    expect(readSchema(schema)).toEqual({range: {decimals, least, most, multipleOf}});
  },
);

test('[SO3] numbers count by the digits of their bounds, each pair of bounds once', () => {
  const alike = Array.from({length: 400}, () => ({type: 'integer', minimum: 0, maximum: 1_000}));
  const apart = alike.map((_, at) => ({type: 'integer', minimum: at * 7_919, maximum: 1e9 + at}));
  expect(readSchema({anyOf: alike})).toHaveProperty('anyOf');
  const {code, message} = faultOf({anyOf: apart}) ?? {};
  expect(code).toBe('SCHEMA_TOO_LARGE');
  expect(message).toMatch(/counts more than 512 digits|too much work/u);
});

const withMails = (count: number) =>
  object(
    Object.fromEntries(
      Array.from({length: count}, (_, at) => [`mail${at}`, {format: 'email', maxLength: 99}]),
    ),
  );

test('[SO3] addresses of mail beside a length count as what a pattern counts', () => {
  expect(readSchema(withMails(8))).toHaveProperty('properties');
  expect(faultOf(withMails(9))?.code).toBe('SCHEMA_TOO_LARGE');
});

test('[SO3] alternatives that are too many to compare are refused', () => {
  const oneOf = Array.from({length: 500}, (_, at) => ({const: at}));
  expect(faultOf({oneOf})?.message).toBe(
    'The schema at "/oneOf" takes, with all before it in the request, too much work to look through: make patterns, alternatives and bounds simpler',
  );
});

test.each<[string, (text: string) => object]>([
  ['of values', (text) => ({const: text})],
  ['of references', (text) => ({$ref: `#/$defs/${text}`})],
])('[SO3] alternatives count by the characters %s', (_, schemaOf) => {
  const compared = (length: number) => {
    const names = Array.from({length: 6}, (__, at) => `${at}`.repeat(length));
    const defined = names.flatMap((name, at) => [
      [`n${at}`, schemaOf(name)],
      [name, {const: at}],
    ]);
    const oneOf = names.map((__, at) => ({$ref: `#/$defs/n${at}`}));
    const properties = Array.from({length: 75}, (__, at) => [`p${at}`, {oneOf}]);
    return object(Object.fromEntries(properties), {$defs: Object.fromEntries(defined)});
  };
  expect(readSchema(compared(20))).toHaveProperty('properties');
  expect(faultOf(compared(2_000))?.message).toMatch(/oneOf" takes, .+ too much work/u);
});

test.each([
  '(\\w{1,12} ){0,30}\\w{1,12}',
  '\\d{1,3}(,\\d{3}){0,40}(\\.\\d{1,20})?',
  '[a-z]+([.-][a-z]{1,60}){0,5}@[a-z]{1,60}\\.[a-z]{2,8}',
  'Alabama|Alaska|Arizona|Arkansas|Maine|Maryland|Massachusetts|Michigan|Minnesota|Mississippi|Missouri|Montana',
  '\\w{0,500}',
  'January|February|March|April|May|June|July|August|September|October|November|December',
  '(\\w{2}){0,100}',
  '(?:[01]\\d|2[0-3]):[0-5]\\d',
])('[SO3] a pattern of which a text is in few places at once is taken: %s', (pattern) => {
  expect(readSchema({pattern})).toMatchObject({type: 'string'});
});

const text = (maxLength: number) => ({type: 'string', maxLength});
const NINE = Array.from({length: 9}, (_, at) => at);
const inTree = {
  anyOf: NINE.map((at) => ({$ref: `#/$defs/d${at}`})),
  $defs: Object.fromEntries(NINE.map((at) => [`d${at}`, {anyOf: [text(at), {type: 'null'}]}])),
};

test.each<[string, object]>([
  ['of a text', {anyOf: NINE.map(text)}],
  ['by other names', inTree],
  ['of items', {anyOf: NINE.map((at) => ({type: 'array', items: text(at)}))}],
  ['of a property', {anyOf: NINE.map((at) => object({a: text(at), [`b${at}`]: {}}))}],
  [
    'of a property that any name has',
    {anyOf: NINE.map((at) => ({type: 'object', additionalProperties: text(at)}))},
  ],
  [
    'behind values that are the same',
    {anyOf: NINE.map((at) => kind('a', {properties: {kind: {const: 'a'}, text: text(at)}}))},
  ],
])('[SO3] one text has few lengths at once: %s', (_, schema) => {
  expect(faultOf(schema)).toEqual({
    code: 'SCHEMA_TOO_LARGE',
    message:
      'The schema has alternatives in which one text may have more than 8 different lengths: let them have the same "minLength" and "maxLength"',
  });
});

test.each<[string, object]>([
  ['of several texts', object(Object.fromEntries(NINE.map((at) => [`a${at}`, text(at)])))],
  [
    'behind values that differ',
    {
      anyOf: NINE.map((at) =>
        kind(`${at}`, {properties: {kind: {const: `${at}`}, text: text(at)}}),
      ),
    },
  ],
  ['that are the same', {anyOf: NINE.map((at) => object({a: text(7), [`b${at}`]: {}}))}],
  [
    'in alternatives that refer to each other in a million ways',
    {
      $defs: {
        d28: text(2),
        ...Object.fromEntries(
          Array.from({length: 28}, (_, at) => [
            `d${at}`,
            {anyOf: [text(1), {$ref: `#/$defs/d${at + 1}`}, {$ref: `#/$defs/d${at + 1}`}]},
          ]),
        ),
      },
      $ref: '#/$defs/d0',
    },
  ],
  ['in each other', {$defs: {a: object({a: {$ref: '#/$defs/a'}, b: text(1)})}, $ref: '#/$defs/a'}],
])('[SO3] many lengths are followed %s', (_, schema) => {
  expect(readSchema(schema)).toBeTypeOf('object');
});

test('[SO3] what it takes to look through schemas counts together, however many there are', () => {
  const schema = {pattern: `^(${WORDS.join('|')}){3}$`};
  const work = new ReadingWork();
  expect(() => {
    for (let count = 0; count < 64; count += 1) readSchema(schema, work);
  }).toThrow(expect.objectContaining({detail: {code: 'SCHEMA_TOO_LARGE', pointer: ''}}));
  const form = object({
    name: text(40),
    plate: {pattern: '^[A-Z]{2}-\\d{3,4}$'},
    day: {format: 'date'},
  });
  const forms = new ReadingWork();
  for (let count = 0; count < 64; count += 1) readSchema(form, forms);
});

test.each(HOSTILE_SCHEMAS)(
  '[SO3] a hostile schema is refused before any grammar is made: %s',
  (_, schema) => {
    expect(faultOf(schema)?.code).toMatch(/^SCHEMA_(?:TOO_LARGE|INVALID|UNSUPPORTED)$/u);
  },
);

test('[SO4] what a schema defines is read a few times, however many refer to it', () => {
  let reads = 0;
  const names = Array.from({length: 60}, (_, at) => `d${at}`);
  const $defs = new Proxy(Object.fromEntries(names.map((name) => [name, {const: name}])), {
    ownKeys: (target) => {
      reads += 1;
      return Reflect.ownKeys(target);
    },
  });
  readSchema({oneOf: names.map((name) => ({$ref: `#/$defs/${name}`})), $defs});
  expect(reads).toBeLessThan(10);
});
