import {afterAll, afterEach, beforeEach, expect, test, vi} from 'vitest';
import {GrammarThreads} from './grammar-threads.ts';
import type {GrammarRequest} from './grammar-messages.ts';
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

const caller = {id: 'a'};
/** @param slow what takes longer than it may: its time is over as soon as the thread has been asked. */
const threadsOf = (mostThreads: number, slow?: GrammarRequest['kind']) =>
  new GrammarThreads({
    tokens: async () => JSON_TOKENS,
    mostThreads,
    openThread: () => {
      const thread = openThread();
      return {
        call: async (request, limitMs) => {
          const reply = thread.call(request, limitMs);
          if (request.kind === slow) vi.advanceTimersByTime(limitMs);
          return await reply;
        },
        get isLost() {
          return thread.isLost;
        },
        close: () => thread.close(),
      };
    },
  });

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
});
afterEach(() => {
  vi.useRealTimers();
});

test('[SO4] so many threads at once, and who waits for one may give up; one that was used serves the next request', async () => {
  const before = opened.length;
  const threads = threadsOf(1);
  const {signal} = new AbortController();
  const first = await threads.lease(caller, {signal});
  const impatient = new AbortController();
  const givesUp = threads.lease(caller, {signal: impatient.signal});
  const waits = threads.lease(caller, {signal});
  impatient.abort(new Error('gave up'));
  await expect(givesUp).rejects.toThrow('gave up');
  first.release();
  first.release();
  const second = await waits;
  expect(second.thread).toBe(first.thread);
  expect(opened.length - before).toBe(1);
  second.release();
});

test('[SO4] whoever sends many schemas leaves a thread for others, who wait for none of theirs', async () => {
  const threads = threadsOf(4);
  const {signal} = new AbortController();
  const hostile = Array.from(
    {length: 6},
    async () => await threads.lease({id: 'hostile'}, {signal}),
  );
  // They never end.
  const taken = await Promise.all(hostile.slice(0, 3));
  const other = await threads.lease({id: 'other'}, {signal});
  expect(taken.map(({thread}) => thread)).not.toContain(other.thread);
  expect(threads.waitingCount).toBe(3);
  other.release();
  // Also when the thread has been there for a while.
  const next = await threads.lease({id: 'next'}, {signal});
  expect(threads.waitingCount).toBe(3);
  next.release();
  threads.close();
  const rest = await Promise.allSettled(hostile);
  expect(rest.map(({status}) => status)).toEqual([
    ...taken.map(() => 'fulfilled'),
    ...Array.from({length: 3}, () => 'rejected'),
  ]);
});

test('[SO4] a thread that takes too long is ended, and the next request has another', async () => {
  const threads = threadsOf(1);
  const {signal} = new AbortController();
  const {thread, release} = await threads.lease(caller, {signal});
  const grammar = {kind: 'json', schema: readSchema({type: 'object'})} as const;
  const late = thread.call({kind: 'compile', grammar}, 60_000);
  vi.advanceTimersByTime(60_000);
  await expect(late).rejects.toMatchObject({detail: {code: 'GRAMMAR_TOO_SLOW'}});
  expect(thread.isLost).toBe(true);
  await expect(thread.call({kind: 'compile', grammar}, 60_000)).rejects.toMatchObject({
    detail: {code: 'GRAMMAR_TOO_SLOW'},
  });
  release();
  const next = await threads.lease(caller, {signal});
  expect(next.thread).not.toBe(thread);
  expect(await next.thread.call({kind: 'compile', grammar}, 60_000)).toEqual({kind: 'done'});
  next.release();
});

test('[SO4] a grammar or a token that takes too long is the fault of its schema, and costs its own request only', async () => {
  const slow = threadsOf(1, 'compile');
  const {signal} = new AbortController();
  const grammar = {kind: 'json', schema: readSchema({type: 'boolean'})} as const;
  const made = new RequestGrammar(slow, {grammar, caller});
  await expect(made.guide({signal})).rejects.toMatchObject({
    detail: {code: 'GRAMMAR_TOO_LARGE', param: 'response_format'},
    message: 'The schema takes more than 10000 ms to be made a grammar: make it simpler',
  });
  made.close();
  const threads = threadsOf(1, 'allowed');
  const followed = new RequestGrammar(threads, {grammar, caller});
  const guide = await followed.guide({signal});
  for (const _ of ['at first', 'and ever after']) {
    await expect(guide.allowed([])).rejects.toMatchObject({
      detail: {code: 'GRAMMAR_TOO_LARGE', param: 'response_format'},
      message: 'The schema takes more than 5000 ms for a token: make it simpler',
    });
  }
  followed.close();
  const next = await threads.lease(caller, {signal});
  expect(next.thread.isLost).toBe(false);
  next.release();
});

test('[SO4] a grammar that the library does not take costs its own request, whose thread is not used again', async () => {
  const threads = threadsOf(1);
  const {signal} = new AbortController();
  // No schema of a request is like this one.
  const schema = {type: 'string', pattern: '('} as const;
  const refused = new RequestGrammar(threads, {grammar: {kind: 'json', schema}, caller});
  await expect(refused.guide({signal})).rejects.toThrow(GrammarRefusedError);
  refused.close();
  expect(opened.at(-1)?.isLost).toBe(true);
  const grammar = {kind: 'json', schema: readSchema({type: 'boolean'})} as const;
  const next = new RequestGrammar(threads, {grammar, caller});
  expect(await (await next.guide({signal})).allowed([])).toBeInstanceOf(Uint32Array);
  next.close();
});
