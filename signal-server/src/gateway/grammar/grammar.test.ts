import * as fc from 'fast-check';
import {afterAll, expect, test} from 'vitest';
import * as z from 'zod';
import {GrammarThreads} from './grammar-threads.ts';
import {GrammarRefusedError} from './request-grammar.ts';
import {SchemaFault} from './schema/schema-fault.ts';
import {arbitrarySchema} from './testing/arbitrary-schema.ts';
import {schemaCheck} from './testing/follows-schema.ts';
import {JSON_TOKENS} from './testing/json-vocabulary.ts';
import {KEYWORDS} from './testing/keywords.ts';
import {PATTERNS} from './testing/patterns.ts';
import {SCHEMAS} from './testing/schemas.ts';
import {walkSchema} from './testing/walk-schema.ts';

const ANSWERS = 12;
const MOST_TOKENS = 300;
/** Schemas by chance; more of them: `npm run soak -- gateway`. */
const GENERATED = 40;

const threads = new GrammarThreads({tokens: async () => JSON_TOKENS});
afterAll(() => {
  threads.close();
});

/**
 * How many answers are complete, and those among them that do not follow.
 *
 * @param meant what they are checked with; by default, the schema itself.
 */
async function walk(schema: object, count: number, meant = schema) {
  const follows = schemaCheck(meant);
  const texts = await walkSchema(threads, schema, {count, mostTokens: MOST_TOKENS});
  return {complete: texts.length, wrong: texts.filter((text) => !follows(text))};
}

test.each(Object.entries(SCHEMAS))(
  '[SO1] [SO5] whatever tokens come of those that are allowed, a complete answer follows its schema: %s',
  async (_, schema) => {
    const {complete, wrong} = await walk(schema, ANSWERS);
    expect(wrong).toEqual([]);
    expect(complete).toBeGreaterThan(ANSWERS / 3);
  },
);

test.each(KEYWORDS.filter(([, fate]) => fate !== 'refused'))(
  '[SO1] a keyword that is taken is followed by every complete answer: %s',
  async (_keyword, _fate, schema) => {
    const {complete, wrong} = await walk(schema, ANSWERS);
    expect(wrong).toEqual([]);
    expect(complete).toBeGreaterThan(ANSWERS / 3);
  },
);

test.each(PATTERNS)('[SO1] a pattern means what it means elsewhere: %s', async (pattern) => {
  const whole = {type: 'string', pattern: `^(?:${pattern})$`};
  const {complete, wrong} = await walk({type: 'string', pattern}, ANSWERS, whole);
  expect(wrong).toEqual([]);
  expect(complete).toBeGreaterThan(ANSWERS / 3);
});

const LIMITED = {
  date: {type: 'string', format: 'date', minLength: 10, maxLength: 10},
  time: {type: 'string', format: 'time', minLength: 9, maxLength: 18},
  'date-time': {type: 'string', format: 'date-time', minLength: 20, maxLength: 29},
  uuid: {type: 'string', format: 'uuid', maxLength: 36},
  ipv4: {type: 'string', format: 'ipv4', minLength: 7, maxLength: 15},
  email: {type: 'string', format: 'email', minLength: 6, maxLength: 64},
  'an address as zod writes it': z.toJSONSchema(z.email().max(254)),
};

test.each(Object.entries(LIMITED))(
  '[SO1] a format is followed beside a length that each of its texts has: %s',
  async (_, schema) => {
    const {complete, wrong} = await walk(schema, 3 * ANSWERS);
    expect(wrong).toEqual([]);
    expect(complete).toBe(3 * ANSWERS);
  },
);

/** Begin alike, so that a value beside them can be made of their parts. */
const MANY_VALUES = {
  numbers: {enum: Array.from({length: 58}, (_, at) => at + 59)},
  texts: {enum: Array.from({length: 60}, (_, at) => `w${(at * 7919) % 1000}`)},
  alternatives: {anyOf: Array.from({length: 58}, (_, at) => ({const: at + 59}))},
  bounds: {type: 'integer', minimum: -100, maximum: 99},
  years: {type: 'integer', minimum: 1900, maximum: 2100},
};

test.each(Object.entries(MANY_VALUES))(
  '[SO1] of many values that begin alike no other is allowed: %s',
  async (_, schema) => {
    const {complete, wrong} = await walk(schema, 60);
    expect(wrong).toEqual([]);
    expect(complete).toBe(60);
  },
);

test('[SO1] [SO2] whatever a schema says, it is refused or followed', async () => {
  const fates = {refused: 0, followed: 0};
  for (const schema of fc.sample(arbitrarySchema, {numRuns: GENERATED, seed: 11})) {
    try {
      const {wrong} = await walk(schema, 2);
      expect([schema, wrong]).toEqual([schema, []]);
      fates.followed += 1;
    } catch (cause) {
      if (!(cause instanceof SchemaFault || cause instanceof GrammarRefusedError)) throw cause;
      fates.refused += 1;
    }
  }
  // So that the check cannot go blind.
  expect(Math.min(fates.refused, fates.followed)).toBeGreaterThan(GENERATED / 10);
});
