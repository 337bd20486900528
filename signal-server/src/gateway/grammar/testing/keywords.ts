/** What becomes of a keyword of JSON Schema: it is followed, it says nothing of which values there are, or is refused. */
export type KeywordFate = 'followed' | 'says nothing' | 'refused';

const text = {type: 'string', maxLength: 6};
const flag = {type: 'boolean'};
const withFlag = (keyword: string) => ({[keyword]: flag});
const object = (more: object) => ({
  type: 'object',
  properties: {a: text},
  required: ['a'],
  ...more,
});

/** Every keyword of JSON Schema 2020-12, and those of older drafts and of OpenAPI, each in a schema. */
export const KEYWORDS: readonly (readonly [keyword: string, fate: KeywordFate, schema: object])[] =
  [
    ['type', 'followed', {type: ['boolean', 'null']}],
    ['enum', 'followed', {enum: ['a', 2, null]}],
    ['const', 'followed', {const: 'a'}],
    ['properties', 'followed', {type: 'object', properties: {a: flag, b: flag}}],
    ['required', 'followed', object({})],
    ['additionalProperties', 'followed', {type: 'object', additionalProperties: flag}],
    ['items', 'followed', {type: 'array', items: flag}],
    ['minItems', 'followed', {type: 'array', items: flag, minItems: 2}],
    ['maxItems', 'followed', {type: 'array', items: flag, maxItems: 1}],
    ['minLength', 'followed', {type: 'string', minLength: 2, maxLength: 5}],
    ['maxLength', 'followed', {type: 'string', maxLength: 3}],
    ['pattern', 'followed', {type: 'string', pattern: '^[a-c]{2}x?$'}],
    ['format', 'followed', {type: 'string', format: 'date'}],
    ['minimum', 'followed', {type: 'integer', minimum: 1}],
    ['maximum', 'followed', {type: 'integer', minimum: -70, maximum: 1_000}],
    ['exclusiveMinimum', 'followed', {type: 'integer', exclusiveMinimum: 7, maximum: 12}],
    ['exclusiveMaximum', 'followed', {type: 'number', minimum: 7, exclusiveMaximum: 900}],
    ['multipleOf', 'followed', {type: 'integer', minimum: -500, multipleOf: 25}],
    ['anyOf', 'followed', {anyOf: [flag, {type: 'null'}]}],
    [
      'oneOf',
      'followed',
      {
        oneOf: [
          {type: 'object', properties: {kind: {const: 'a'}, x: flag}, required: ['kind']},
          {type: 'object', properties: {kind: {const: 'b'}, y: flag}, required: ['kind']},
          flag,
        ],
      },
    ],
    ['allOf', 'followed', {allOf: [{type: 'integer', minimum: 1, maximum: 9}]}],
    [
      '$ref',
      'followed',
      {type: 'object', properties: {next: {anyOf: [{$ref: '#'}, flag]}}, required: ['next']},
    ],
    ['$defs', 'followed', {$ref: '#/$defs/a', $defs: {a: flag}}],
    ['definitions', 'followed', {$ref: '#/definitions/a', definitions: {a: flag}}],

    ['$schema', 'says nothing', {$schema: 'https://json-schema.org/draft/2020-12/schema', ...flag}],
    ['$id', 'says nothing', {$id: 'https://example.com/a', ...flag}],
    ['$comment', 'says nothing', {$comment: 'x', ...flag}],
    ['title', 'says nothing', {title: 'x', ...flag}],
    ['description', 'says nothing', {description: 'x', ...flag}],
    ['default', 'says nothing', {default: false, ...flag}],
    ['examples', 'says nothing', {examples: [true], ...flag}],
    ['deprecated', 'says nothing', {deprecated: true, ...flag}],
    ['readOnly', 'says nothing', {readOnly: true, ...flag}],
    ['writeOnly', 'says nothing', {writeOnly: true, ...flag}],
    ['discriminator', 'says nothing', {discriminator: {propertyName: 'kind'}, anyOf: [flag]}],

    ['not', 'refused', {not: {type: 'string'}}],
    ['if', 'refused', {if: flag}],
    ['then', 'refused', withFlag('then')],
    ['else', 'refused', {else: flag}],
    ['uniqueItems', 'refused', {type: 'array', uniqueItems: true}],
    ['prefixItems', 'refused', {type: 'array', prefixItems: [flag]}],
    ['additionalItems', 'refused', {type: 'array', additionalItems: false}],
    ['unevaluatedItems', 'refused', {type: 'array', unevaluatedItems: false}],
    ['contains', 'refused', {type: 'array', contains: flag}],
    ['minContains', 'refused', {type: 'array', minContains: 1}],
    ['maxContains', 'refused', {type: 'array', maxContains: 1}],
    ['minProperties', 'refused', object({minProperties: 1})],
    ['maxProperties', 'refused', object({maxProperties: 1})],
    ['propertyNames', 'refused', object({propertyNames: text})],
    ['patternProperties', 'refused', object({patternProperties: {'^a': text}})],
    ['unevaluatedProperties', 'refused', object({unevaluatedProperties: false})],
    ['dependentRequired', 'refused', object({dependentRequired: {a: ['b']}})],
    ['dependentSchemas', 'refused', object({dependentSchemas: {a: flag}})],
    ['dependencies', 'refused', object({dependencies: {a: ['b']}})],
    ['contentEncoding', 'refused', {...text, contentEncoding: 'base64'}],
    ['contentMediaType', 'refused', {...text, contentMediaType: 'text/html'}],
    ['contentSchema', 'refused', {...text, contentSchema: flag}],
    ['$anchor', 'refused', {$anchor: 'a', ...flag}],
    ['$dynamicAnchor', 'refused', {$dynamicAnchor: 'a', ...flag}],
    ['$dynamicRef', 'refused', {$dynamicRef: '#a'}],
    ['$recursiveAnchor', 'refused', {$recursiveAnchor: true, ...flag}],
    ['$recursiveRef', 'refused', {$recursiveRef: '#'}],
    ['$vocabulary', 'refused', {$vocabulary: {}, ...flag}],
    ['id', 'refused', {id: 'a', ...flag}],
    ['nullable', 'refused', {nullable: true, ...flag}],
    ['example', 'refused', {example: true, ...flag}],
  ];
