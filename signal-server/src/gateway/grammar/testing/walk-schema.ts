import type {GrammarThreads} from '../grammar-threads.ts';
import {RequestGrammar} from '../request-grammar.ts';
import {readSchema} from '../schema/read-schema.ts';
import {JSON_TOKENS} from './json-vocabulary.ts';
import {drawer, randomAnswer, textOf} from './random-answer.ts';

const {signal} = new AbortController();
const caller = {id: 'a'};

/**
 * Complete answers to a schema, whatever tokens come of those that are allowed.
 *
 * @param count so many are begun; one that does not end is left out.
 * @throws {SchemaFault}; {GrammarRefusedError}.
 */
export async function walkSchema(
  threads: GrammarThreads,
  asked: object,
  {count, mostTokens}: {readonly count: number; readonly mostTokens: number},
): Promise<readonly string[]> {
  const schema = readSchema(asked);
  const grammar = new RequestGrammar(threads, {grammar: {kind: 'json', schema}, caller});
  const texts: string[] = [];
  try {
    for (let seed = 1; seed <= count; seed += 1) {
      const options = {...JSON_TOKENS, draw: drawer(seed), mostTokens};
      const answer = await randomAnswer(await grammar.guide({signal}), options);
      if (answer !== null) texts.push(textOf(JSON_TOKENS.table, answer));
    }
    return texts;
  } finally {
    grammar.close();
  }
}
