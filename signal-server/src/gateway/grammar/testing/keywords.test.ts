import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {readSchema} from '../schema/read-schema.ts';
import {SchemaFault} from '../schema/schema-fault.ts';
import {KEYWORDS} from './keywords.ts';

const DOCUMENT = new URL('../../README.md', import.meta.url);
const ROW = /^\| (`[^|]+`) +\| (followed|says nothing|refused)\b/gmu;

test('[SO2] the document says of each keyword what becomes of it, and of no other', () => {
  const documented = [...readFileSync(DOCUMENT, 'utf8').matchAll(ROW)].flatMap(
    ([, names = '', fate = '']) =>
      [...names.matchAll(/`([^`]+)`/gu)].map(([, name = '']) => `${name}: ${fate}`),
  );
  const tested = KEYWORDS.map(([keyword, fate]) => `${keyword}: ${fate}`);
  expect(documented.toSorted()).toEqual(tested.toSorted());
});

test.each(KEYWORDS.filter(([, fate]) => fate === 'refused'))(
  '[SO2] a keyword that is not followed is refused by its name and its place: %s',
  (keyword, _, schema) => {
    expect(() => readSchema(schema)).toThrow(SchemaFault);
    expect(() => readSchema(schema)).toThrow(`The schema has "${keyword}"`);
    const outer = {type: 'object', properties: {inner: schema}};
    expect(() => readSchema(outer)).toThrow(`The schema at "/properties/inner" has "${keyword}"`);
  },
);
