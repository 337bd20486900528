/** Schemas as people send them, and what each is about. */
export const SCHEMAS: Readonly<Record<string, object>> = {
  answer: object({answer: {type: 'string', maxLength: 24}}),
  capital: object({
    country: {type: 'string', maxLength: 20},
    capital: {type: 'string', maxLength: 20},
  }),
  yesNo: object({isTrue: {type: 'boolean'}}),
  verdict: object({verdict: {enum: ['yes', 'no', 'unsure']}}),
  rating: object({stars: {type: 'integer', minimum: 1, maximum: 5}}),
  temperature: object({kelvin: {type: 'number', minimum: 180, maximum: 330}}),
  negative: object({change: {type: 'integer', minimum: -20, exclusiveMaximum: 0}}),
  nullable: object({nick: {type: ['string', 'null'], maxLength: 8}}),
  optional: object({a: {type: 'boolean'}, b: {type: 'boolean'}, c: {type: 'null'}}, ['b']),
  nothingRequired: object({a: {type: 'boolean'}, b: {type: 'boolean'}}, []),
  constant: object({kind: {const: 'note'}, done: {type: 'boolean'}}),
  colours: object({
    colours: {type: 'array', items: {enum: ['red', 'green', 'blue']}, minItems: 1, maxItems: 3},
  }),
  matrix: object({rows: array(array({type: 'integer', minimum: 0, maximum: 9}, 2, 2), 2, 2)}),
  exactly: array({type: 'boolean'}, 3, 3),
  empty: object({}),
  nested: object({
    person: object({
      name: {type: 'string', maxLength: 10},
      home: object({city: {type: 'string', maxLength: 10}}),
    }),
  }),
  union: object({
    value: {
      anyOf: [
        {type: 'integer', minimum: 0, maximum: 99},
        {type: 'string', maxLength: 6},
      ],
    },
  }),
  tagged: {
    anyOf: [
      object({kind: {const: 'circle'}, radius: {type: 'integer', minimum: 1, maximum: 9}}),
      object({kind: {const: 'box'}, side: {type: 'integer', minimum: 1, maximum: 9}}),
    ],
  },
  tree: {
    $ref: '#/$defs/node',
    $defs: {
      node: object({leaf: {type: 'boolean'}, children: array({$ref: '#/$defs/node'}, 0, 2)}),
    },
  },
  list: object({value: {type: 'boolean'}, next: {anyOf: [{$ref: '#'}, {type: 'null'}]}}),
  date: object({day: {type: 'string', format: 'date'}}),
  moment: object({at: {type: 'string', format: 'date-time'}}),
  uuid: object({id: {type: 'string', format: 'uuid'}}),
  address: object({ip: {type: 'string', format: 'ipv4'}}),
  mail: object({mail: {type: 'string', format: 'email'}}),
  plate: object({plate: {type: 'string', pattern: '^[A-Z]{2}-\\d{3,4}$'}}),
  words: object({word: {type: 'string', pattern: '(?:cat|dog|bird)s?'}}),
  free: object({text: {type: 'string'}, anything: {}}),
  long: object({text: {type: 'string', minLength: 3}}),
  lengths: object({code: {type: 'string', minLength: 2, maxLength: 4}}),
  quotes: object({"it's": {type: 'boolean'}, 'naïve ☃': {enum: ['"', '\\', 'ü\n', '']}}),
  names: object({
    'a "b"': {type: 'boolean'},
    'c\\d\\"': {type: 'null'},
    'e\nf\u0000': {enum: ['name_', '"name_0_"']},
    '☃"\u007f$&': object({'\\': {type: 'boolean'}, 'a "b"': {type: 'null'}}, ['a "b"']),
  }),
  mixed: {enum: ['a', 1, -2.5, null, true, [1, 'x'], {b: [2]}]},
  dictionary: object({
    counts: {type: 'object', additionalProperties: {type: 'integer', minimum: 0, maximum: 9}},
  }),
};

function object(properties: object, required = Object.keys(properties)): object {
  return {type: 'object', properties, required, additionalProperties: false};
}

function array(items: object, minItems: number, maxItems: number): object {
  return {type: 'array', items, minItems, maxItems};
}

const letter = (place: number): string => String.fromCodePoint(0x61 + (Math.floor(place) % 26));
/** Two characters each, and no more than three begin alike. */
export const WORDS: readonly string[] = Array.from(
  {length: 60},
  (_, at) => letter(at) + letter(at + at / 26),
);

const nested = (depth: number): unknown =>
  Array.from({length: depth}).reduce<unknown>((inner) => ({type: 'array', items: inner}), {});

/** What a stranger might send to keep a server busy. */
export const HOSTILE_SCHEMAS: readonly (readonly [what: string, schema: unknown])[] = [
  ['nested deep', nested(1_500)],
  [
    'nested in alternatives',
    Array.from({length: 1_500}).reduce<unknown>((inner) => ({anyOf: [inner]}), {}),
  ],
  [
    'ten thousand properties',
    object(Object.fromEntries(Array.from({length: 10_000}, (_, at) => [`p${at}`, {}]))),
  ],
  ['ten thousand values', {enum: Array.from({length: 10_000}, (_, at) => at)}],
  ['a name of a hundred thousand characters', object({['x'.repeat(100_000)]: {}})],
  ['a text without end', {type: 'string', minLength: 1e9}],
  ['an array of millions', {type: 'array', minItems: 5e6, items: {type: 'boolean'}}],
  ['a pattern that backtracks', {pattern: '^(a+)+$'}],
  ['a pattern that multiplies', {pattern: '((a{1,100}){1,100}){1,100}'}],
  ['a pattern whose turns share a text in many ways', {pattern: '(\\w{0,22}){0,22}'}],
  ['a pattern whose parts share a text in many ways', {pattern: '\\w?'.repeat(160)}],
  ['a pattern that repeats nothing', {pattern: '(a{0}){1000000000}'}],
  [
    'a pattern with too many ways to look at',
    {pattern: '(a|b|ab|ba|aab|bba){20}(a|b){40}a(a|b){40}'},
  ],
  [
    'texts of many lengths at once',
    {anyOf: Array.from({length: 600}, (_, at) => ({type: 'string', maxLength: at + 1}))},
  ],
  [
    'alternatives that name their types again and again',
    {
      anyOf: Array.from({length: 190}, () => ({
        type: Array.from({length: 9}, (_, at) => (at % 2 === 0 ? 'null' : 'boolean')),
      })),
    },
  ],
  [
    'objects that may begin in many ways beside many others',
    {
      anyOf: [
        {
          type: 'object',
          properties: {a: {enum: Array.from({length: 490}, (_, at) => at)}},
          required: ['a'],
        },
        ...Array.from({length: 480}, () => ({properties: {p: true}})),
      ],
    },
  ],
  [
    'definitions in a circle',
    {$ref: '#/$defs/a', $defs: {a: {anyOf: [{$ref: '#/$defs/a'}, {$ref: '#/$defs/a'}]}}},
  ],
];
