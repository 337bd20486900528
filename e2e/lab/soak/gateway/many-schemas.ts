import * as fc from 'fast-check';
import {WeftError} from '#shared/base/errors.ts';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {GrammarThreads} from '../../../../signal-server/src/gateway/grammar/grammar-threads.ts';
import {arbitrarySchema} from '../../../../signal-server/src/gateway/grammar/testing/arbitrary-schema.ts';
import {schemaCheck} from '../../../../signal-server/src/gateway/grammar/testing/follows-schema.ts';
import {JSON_TOKENS} from '../../../../signal-server/src/gateway/grammar/testing/json-vocabulary.ts';
import {walkSchema} from '../../../../signal-server/src/gateway/grammar/testing/walk-schema.ts';
import type {SoakResult} from '../soak.ts';

const SCHEMAS = 1_000;
const WARM_UP = 200;
const ANSWERS = 3;
const MOST_TOKENS = 400;
/** Of the whole process, threads and what they compile to included. */
const MOST_GROWTH_BYTES = 96 * 2 ** 20;

/** Schemas by chance: each is refused, or every complete answer follows it; and none leaves memory behind. */
export async function walkManySchemas(seed: number): Promise<SoakResult> {
  const threads = new GrammarThreads({tokens: async () => JSON_TOKENS});
  const wrong: {readonly schema: object; readonly text: string}[] = [];
  const counts = {followed: 0, refused: 0, answers: 0};
  let before = 0;
  for (const [at, schema] of fc.sample(arbitrarySchema, {numRuns: SCHEMAS, seed}).entries()) {
    if (at === WARM_UP) before = process.memoryUsage.rss();
    try {
      const texts = await walkSchema(threads, schema, {count: ANSWERS, mostTokens: MOST_TOKENS});
      const follows = schemaCheck(schema);
      counts.followed += 1;
      counts.answers += texts.length;
      for (const text of texts) if (!follows(text)) wrong.push({schema, text});
    } catch (cause) {
      if (!(cause instanceof WeftError)) throw cause;
      counts.refused += 1;
    }
  }
  const grown = process.memoryUsage.rss() - before;
  threads.close();
  return {
    checks: [
      atLeast('schemas by chance that are followed', counts.followed, SCHEMAS / 3),
      atLeast('complete answers to them', counts.answers, SCHEMAS / 2),
      atMost('of these that do not follow', wrong.length, 0),
      atMost('bytes by which the process grew', grown, MOST_GROWTH_BYTES),
    ],
    figures: {schemas: {...counts, grown, wrong}},
  };
}
