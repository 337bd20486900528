import {expect, test} from 'vitest';
import {HOSTILE_SCHEMAS} from '../testing/schemas.ts';
import {readSchema} from './read-schema.ts';
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
      name: {type: 'string', pattern: expect.stringMatching(/\{0,20\}$/u)},
      age: {anyOf: [{type: 'integer', minimum: 0}, {type: 'null'}]},
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
  ['oneOf', {oneOf: [{type: 'string'}]}, 'The schema has "oneOf": that is not followed'],
  ['allOf', {type: 'object', allOf: []}, 'The schema has "allOf": that is not followed'],
  [
    'multipleOf',
    {type: 'integer', multipleOf: 3},
    'The schema has "multipleOf": that is not followed',
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
  ['a pattern with a length', {type: 'string', pattern: 'a', minLength: 2}, /and not two of them/u],
  ['a reference to elsewhere', {$ref: 'https://example.com/schema'}, /"\$ref" may be "#"/u],
  ['a look ahead', {pattern: '(?=a)b'}, /"pattern" with a look ahead/u],
  ['a reference back', {pattern: '(a)\\1'}, /a reference back/u],
  ['any character', {pattern: '.*'}, /a set of characters other than/u],
  ['a class of all others', {pattern: '[^a]'}, /a class of all characters but some/u],
  ['a quote', {pattern: 'a"b'}, /a quote/u],
  ['an anchor inside', {pattern: 'a^b'}, /an anchor inside/u],
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
  [
    'an unknown definition',
    {$ref: '#/$defs/none'},
    'The schema refers to "none", which is not defined',
  ],
  ['an unknown required name', object({a: {}}, {required: ['b']}), /requires "b"/u],
  ['bounds the wrong way', {type: 'string', minLength: 2, maxLength: 1}, /more than "maxLength"/u],
  ['no regular expression', {pattern: '(a'}, /not a regular expression/u],
  ['a definition of itself', {$ref: '#'}, /nothing but itself/u],
  [
    'definitions of each other',
    {$defs: {a: {$ref: '#/$defs/b'}, b: {anyOf: [{$ref: '#/$defs/a'}, {type: 'null'}]}}},
    /nothing but itself/u,
  ],
  ['a value without end', object({next: {$ref: '#'}}, {required: ['next']}), /no value that ends/u],
  ['an enum of another type', {type: 'string', enum: [1, 2]}, /no value that it allows/u],
])('[SO2] what is no schema is refused: %s', (_, schema, message) => {
  expect(faultOf(schema)).toEqual({
    code: 'SCHEMA_INVALID',
    message: typeof message === 'string' ? message : expect.stringMatching(message),
  });
});

test.each(HOSTILE_SCHEMAS)(
  '[SO3] a hostile schema is refused before any grammar is made: %s',
  (_, schema) => {
    expect(faultOf(schema)?.code).toMatch(/^SCHEMA_(?:TOO_LARGE|INVALID|UNSUPPORTED)$/u);
  },
);
