import * as fc from 'fast-check';
import {HOSTILE_SCHEMAS, WORDS} from '../../grammar/testing/schemas.ts';

/** A request as JSON, and what is hostile in it. */
export type HostileRequest = readonly [what: string, body: string];

const chat = {model: 'tiny', messages: [{role: 'user', content: 'Hi'}]};
const many = <T>(length: number, make: (at: number) => T): T[] =>
  Array.from({length}, (_, at) => make(at));
const named = <T>(length: number, make: (at: number) => T) =>
  Object.fromEntries(many(length, (at) => [`n${at}`, make(at)]));

const objectOf = (properties: object) => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});
/** The same schema in as many tools as there may be. */
const inTools = (count: number, schema: object) =>
  JSON.stringify({
    ...chat,
    tools: many(count, (at) => ({
      type: 'function',
      function: {name: `tool_${at}`, parameters: objectOf({a: schema})},
    })),
  });
const withFields = (fields: object) => JSON.stringify({...chat, ...fields});
const calling = (json: string, count: number) =>
  withFields({
    messages: many(count, (at) => ({
      role: 'assistant',
      tool_calls: [{id: `${at}`, type: 'function', function: {name: 'f', arguments: json}}],
    })),
  });

/** Each repeats something of which one alone may be in a request. */
const SCHEMAS: Readonly<Record<string, object>> = {
  words: {pattern: `^(?:${WORDS.join('|')}){1,2}$`},
  shared: {pattern: '(a|b|ab|ba){20}'},
  classes: {pattern: '[a-cx-z0-9_.:;!?-]{1,100}'},
  empty: objectOf(named(60, () => ({pattern: '()()()()()()'}))),
  texts: objectOf(named(25, (at) => ({pattern: `${at}[a-c]{1,9}`}))),
  constants: {oneOf: many(120, (at) => ({const: at}))},
  tags: {oneOf: many(30, (at) => objectOf({kind: {const: at}, a: {type: 'boolean'}}))},
  lengths: {anyOf: many(60, (at) => objectOf({a: {minLength: at % 8}, [`b${at}`]: {}}))},
  values: {enum: many(400, (at) => at)},
  names: objectOf(named(100, () => ({type: 'boolean'}))),
  multiples: {minimum: 0, multipleOf: 997},
  bounds: objectOf(named(20, (at) => ({minimum: at * 7_919, maximum: 1e9 + at}))),
  types: {anyOf: many(50, () => ({type: ['string', 'null', 'boolean', 'object', 'array']}))},
  circle: {anyOf: many(50, () => ({$ref: '#'}))},
};

/** Definitions of which each waits for the next. */
const chain = (length: number) => ({
  $ref: '#/$defs/n0',
  $defs: {
    ...named(length, (at) => objectOf({next: {$ref: `#/$defs/n${at + 1}`}})),
    [`n${length}`]: {type: 'null'},
  },
});
/** Comparisons of six long texts, each named in a few characters. */
const longConstants = objectOf(
  named(75, () => ({oneOf: many(6, (at) => ({$ref: `#/$defs/n${at}`}))})),
);
const longConstantTools = withFields({
  tools: many(7, (at) => ({
    type: 'function',
    function: {
      name: `tool_${at}`,
      parameters: {
        ...longConstants,
        $defs: named(6, (each) => ({const: `${each}${'ऄ'.repeat(3_665)}`})),
      },
    },
  })),
});
const formatOf = (schema: unknown) => ({
  response_format: {type: 'json_schema', json_schema: {name: 'answer', schema}},
});

/** What a stranger might send to keep a server busy: each is refused. */
export const HOSTILE_REQUESTS: readonly HostileRequest[] = [
  ...HOSTILE_SCHEMAS.map(([what, schema]): HostileRequest => [what, withFields(formatOf(schema))]),
  [
    'sixty-four tools with three of sixty words each',
    inTools(64, {pattern: `^(${WORDS.join('|')}){3}$`}),
  ],
  ['sixty-four tools with a thousand patterns of nothing', inTools(64, SCHEMAS['empty'] ?? {})],
  ['sixty-four tools with alternatives', inTools(64, SCHEMAS['constants'] ?? {})],
  ['sixty-four tools with multiples', inTools(64, SCHEMAS['multiples'] ?? {})],
  ['seven tools with long constants', longConstantTools],
  ['a chain of definitions', withFields(formatOf(chain(390)))],
  ['half a million numbers for messages', withFields({messages: many(500_000, () => 1)})],
  ['half a million numbers for tools', withFields({tools: many(500_000, () => 1)})],
  [
    'a hundred thousand parts',
    withFields({messages: [{role: 'user', content: many(100_000, () => 7)}]}),
  ],
  ['a hundred thousand biased tokens', withFields({logit_bias: named(80_000, () => 1)})],
  ['a hundred thousand unknown fields', withFields(named(80_000, () => 1))],
  [
    'lists in each other, half a million deep',
    `{"messages":${'['.repeat(500_000)}${']'.repeat(500_000)}}`,
  ],
  ['a name that is spelled otherwise beside many values', `{"\\u0061":[${'1,'.repeat(400_000)}1]}`],
  ['a call with very many arguments', calling(`{"a":[${'[],'.repeat(200_000)}[]]}`, 1)],
  ['many calls with many arguments', calling(`{"a":[${'[],'.repeat(4_000)}[]]}`, 40)],
];

/** For plain completions. */
export const HOSTILE_PROMPTS: readonly HostileRequest[] = [
  ['half a million token ids', many(500_000, (at) => at % 10)],
  ['a long prompt of token ids among others', [[1], many(400_000, (at) => at % 10)]],
  ['token ids below zero', many(140_000, (at) => -at)],
  ['many lists of token ids', many(150_000, (at) => [at % 9])],
  ['many texts', many(150_000, () => 'a')],
  ['token ids and a half', [...many(140_000, (at) => at), 0.5]],
].map(([what, prompt]) => [String(what), JSON.stringify({model: 'tiny', prompt})]);

const schemaName = fc.constantFrom(...Object.keys(SCHEMAS));
const mixed = fc
  .uniqueArray(schemaName, {minLength: 1, maxLength: 4})
  .map((names) => objectOf(Object.fromEntries(names.map((name) => [name, SCHEMAS[name] ?? {}]))));

const pieces = fc.constantFrom('a', 'b', '\\d', '\\w', '[a-c]', 'ab', '(a|b|ab)', '(x|y)', 'é');
const times = fc.constantFrom('', '?', '*', '+', '{2}', '{1,9}', '{0,40}', '{3,}');
const pattern = fc
  .array(fc.tuple(pieces, times), {minLength: 1, maxLength: 30})
  .map((parts) => parts.flat().join(''));
const around = fc.constantFrom('', '{2}', '{1,20}', '{0,60}');
const patterns = fc
  .array(fc.tuple(pattern, around), {minLength: 1, maxLength: 8})
  .map((all) => objectOf(named(all.length, (at) => ({pattern: wrapped(all[at])}))));
const wrapped = ([inner, repeat]: readonly [string, string] = ['', '']) => `(${inner})${repeat}`;

const json: fc.Arbitrary<unknown> = fc.constantFrom(
  1,
  'a',
  null,
  [],
  {},
  {type: 'text', text: ''},
  [[]],
);
const field = fc.constantFrom(
  'messages',
  'tools',
  'stop',
  'logit_bias',
  'tool_choice',
  'user',
  'n',
  'x',
);

/** Requests that repeat what is dear, some of which may be answered. */
export const arbitraryHostileRequest: fc.Arbitrary<HostileRequest> = fc.oneof(
  fc
    .tuple(mixed, fc.integer({min: 1, max: 64}))
    .map(([schema, count]): HostileRequest => ['tools', inTools(count, schema)]),
  fc
    .tuple(patterns, fc.integer({min: 1, max: 64}))
    .map(([schema, count]): HostileRequest => ['patterns', inTools(count, schema)]),
  fc
    .tuple(field, json, fc.integer({min: 1, max: 39_000}))
    .map(([name, value, count]): HostileRequest => [
      'values',
      withFields({[name]: many(count, () => value)}),
    ]),
  fc
    .tuple(json, fc.integer({min: 1, max: 39_000}))
    .map(([value, count]): HostileRequest => [
      'parts',
      withFields({messages: [{role: 'user', content: many(count, () => value)}]}),
    ]),
);
