import {afterAll, expect, test} from 'vitest';
import {GrammarThreads} from './grammar-threads.ts';
import {RequestGrammar} from './request-grammar.ts';
import {readSchema} from './schema/read-schema.ts';
import {schemaCheck} from './testing/follows-schema.ts';
import {JSON_TOKENS} from './testing/json-vocabulary.ts';
import {randomAnswer, textOf, type Draw} from './testing/random-answer.ts';
import {SCHEMAS} from './testing/schemas.ts';

const {signal} = new AbortController();
const ANSWERS = 12;
const MOST_TOKENS = 300;

const threads = new GrammarThreads({tokens: async () => JSON_TOKENS});
afterAll(() => {
  threads.close();
});

/** The same numbers for the same seed. */
function drawer(seed: number): Draw {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Complete answers to a schema, whatever tokens come of those that are allowed. */
async function answersTo(schema: object, count: number): Promise<readonly string[]> {
  const grammar = new RequestGrammar(threads, {kind: 'json', schema: readSchema(schema)});
  const texts: string[] = [];
  try {
    for (let seed = 1; seed <= count; seed += 1) {
      const options = {...JSON_TOKENS, draw: drawer(seed), mostTokens: MOST_TOKENS};
      const answer = await randomAnswer(await grammar.guide({signal}), options);
      if (answer !== null) texts.push(textOf(JSON_TOKENS.table, answer));
    }
    return texts;
  } finally {
    grammar.close();
  }
}

test.each(Object.entries(SCHEMAS))(
  '[SO1] [SO5] whatever tokens come of those that are allowed, a complete answer follows its schema: %s',
  async (_, schema) => {
    const follows = schemaCheck(schema);
    const texts = await answersTo(schema, ANSWERS);
    expect(texts.length).toBeGreaterThan(ANSWERS / 3);
    for (const text of texts) expect([text, follows(text)]).toEqual([text, true]);
  },
);
