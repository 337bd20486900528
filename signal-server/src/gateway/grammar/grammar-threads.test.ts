import {afterAll, expect, test} from 'vitest';
import {GrammarThreads} from './grammar-threads.ts';
import {openGrammarThread, type GrammarThread} from './open-grammar-thread.ts';
import {GrammarRefusedError, RequestGrammar} from './request-grammar.ts';
import {readSchema} from './schema/read-schema.ts';
import {JSON_TOKENS} from './testing/json-vocabulary.ts';

const opened: GrammarThread[] = [];
const openThread = (): GrammarThread => {
  const thread = openGrammarThread();
  opened.push(thread);
  return thread;
};
afterAll(() => {
  for (const thread of opened) thread.close();
});

const threadsOf = (mostThreads: number) =>
  new GrammarThreads({tokens: async () => JSON_TOKENS, mostThreads, openThread});

test('[SO4] so many threads at once, and who waits for one may give up; one that was used serves the next request', async () => {
  const before = opened.length;
  const threads = threadsOf(1);
  const {signal} = new AbortController();
  const first = await threads.lease({signal});
  const impatient = new AbortController();
  const givesUp = threads.lease({signal: impatient.signal});
  const waits = threads.lease({signal});
  impatient.abort(new Error('gave up'));
  await expect(givesUp).rejects.toThrow('gave up');
  first.release();
  first.release();
  const second = await waits;
  expect(second.thread).toBe(first.thread);
  expect(opened.length - before).toBe(1);
  second.release();
});

test('[SO4] a thread that takes too long is ended, and the next request has another', async () => {
  const threads = threadsOf(1);
  const {signal} = new AbortController();
  const {thread, release} = await threads.lease({signal});
  const grammar = {kind: 'json', schema: readSchema({type: 'object'})} as const;
  const late = thread.call({kind: 'compile', grammar}, 0);
  await expect(late).rejects.toMatchObject({detail: {code: 'GRAMMAR_TOO_SLOW'}});
  expect(thread.isLost).toBe(true);
  await expect(thread.call({kind: 'compile', grammar}, 60_000)).rejects.toMatchObject({
    detail: {code: 'GRAMMAR_TOO_SLOW'},
  });
  release();
  const next = await threads.lease({signal});
  expect(next.thread).not.toBe(thread);
  expect(await next.thread.call({kind: 'compile', grammar}, 60_000)).toEqual({kind: 'done'});
  next.release();
});

test('[SO4] a grammar that the library does not take costs its own request, whose thread is not used again', async () => {
  const threads = threadsOf(1);
  const {signal} = new AbortController();
  // No schema of a request is like this one.
  const schema = {type: 'string', pattern: '('} as const;
  const refused = new RequestGrammar(threads, {kind: 'json', schema});
  await expect(refused.guide({signal})).rejects.toThrow(GrammarRefusedError);
  refused.close();
  expect(opened.at(-1)?.isLost).toBe(true);
  const next = new RequestGrammar(threads, {kind: 'json', schema: readSchema({type: 'boolean'})});
  expect(await (await next.guide({signal})).allowed([])).toBeInstanceOf(Uint32Array);
  next.close();
});
