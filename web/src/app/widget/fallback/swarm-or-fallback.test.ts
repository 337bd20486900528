import {expect, test} from 'vitest';
import {WeftError} from '#shared/base/errors.ts';
import type {AnswerEvent, ChatService} from '../../../ports/chat-service.ts';
import {askForEvents} from '../testing/ask-for-events.ts';
import {swarmOrFallback} from './swarm-or-fallback.ts';

const PROMPT: AnswerEvent = {kind: 'prompt', tokenIds: [1]};
const WAITING: AnswerEvent = {kind: 'waiting', missing: [], patienceMs: null};
const TOKEN: AnswerEvent = {
  kind: 'token',
  tokenId: 1,
  text: 'I',
  logprob: 0,
  topLogprobs: [],
  atMs: 0,
};
const END: AnswerEvent = {kind: 'end', finishReason: 'stop', text: ''};
const ELSEWHERE: AnswerEvent = {kind: 'elsewhere', host: 'llm.example'};

/** A service that says these things, and then fails if it is to. */
function service(events: readonly AnswerEvent[], failure?: Error): ChatService {
  return {
    async *ask() {
      yield* events;
      if (failure !== undefined) throw failure;
    },
  };
}

/** No time passes. */
const joinTimeout = (): AbortSignal => new AbortController().signal;

const failed = (code: string): Error => new WeftError({code}, 'It failed');

async function answer(swarm: ChatService, {isServed = true} = {}): Promise<readonly string[]> {
  const chat = swarmOrFallback({
    swarm,
    fallback: service([ELSEWHERE]),
    isServed: () => Promise.resolve(isServed),
    joinTimeout,
  });
  return (await askForEvents(chat)).map(({kind}) => kind);
}

test('[WS5] a swarm that serves answers alone', async () => {
  expect(await answer(service([PROMPT, TOKEN, END]))).toEqual(['prompt', 'token', 'end']);
});

test('[WS5] the fallback answers where the swarm is short, waits, or fails before the first word', async () => {
  const unasked = service([], new Error('the swarm was asked'));
  expect(await answer(unasked, {isServed: false})).toEqual(['elsewhere']);
  expect(await answer(service([PROMPT, WAITING, TOKEN]))).toEqual(['prompt', 'elsewhere']);
  expect(await answer(service([PROMPT], failed('PEER_LEFT')))).toEqual(['prompt', 'elsewhere']);
});

test('[WS5] it answers neither a prompt that is wrong, nor in place of an answer that has begun', async () => {
  await expect(answer(service([], failed('PROMPT_TOO_LONG')))).rejects.toThrow('It failed');
  await expect(answer(service([PROMPT, TOKEN], failed('PEER_LEFT')))).rejects.toThrow('It failed');
  const later = await answer(service([PROMPT, TOKEN, WAITING, TOKEN, END]));
  expect(later).toEqual(['prompt', 'token', 'waiting', 'token', 'end']);
});

test('[WS5] a reader who stops is not answered by the fallback', async () => {
  const abort = new AbortController();
  const chat = swarmOrFallback({
    swarm: service([PROMPT], failed('CANCELLED_ANYHOW')),
    fallback: service([ELSEWHERE]),
    isServed: () => Promise.resolve(true),
    joinTimeout,
  });
  const onEvent = (): void => {
    abort.abort();
  };
  const answering = askForEvents(chat, {signal: abort.signal, onEvent});
  await expect(answering).rejects.toThrow('It failed');
});

/** Asks a swarm whose server says nothing until `join` is called. */
function joining() {
  const late = new AbortController();
  const joined = Promise.withResolvers<void>();
  const began = Promise.withResolvers<void>();
  let wasGivenUp = false;
  const swarm: ChatService = {
    async *ask(_, {signal}) {
      signal.addEventListener('abort', () => (wasGivenUp = true));
      began.resolve();
      await joined.promise;
      signal.throwIfAborted();
      yield* [PROMPT, TOKEN];
      late.abort();
      yield END;
    },
  };
  const chat = swarmOrFallback({
    swarm,
    fallback: service([ELSEWHERE]),
    isServed: () => Promise.resolve(true),
    joinTimeout: () => late.signal,
  });
  return {late, join: joined.resolve, began: began.promise, chat, wasGivenUp: () => wasGivenUp};
}

test('[WS8] the fallback answers where joining takes too long, and the swarm is given up', async () => {
  const {late, join, began, chat, wasGivenUp} = joining();
  const answering = askForEvents(chat);
  await began;
  late.abort();
  expect(await answering).toEqual([ELSEWHERE]);
  expect(wasGivenUp()).toBe(true);
  join(); // Too late: what fails then is nobody's.
});

test('[WS8] a swarm that was joined in time may take longer for its answer', async () => {
  const {join, chat} = joining();
  join();
  expect(await askForEvents(chat)).toEqual([PROMPT, TOKEN, END]);
});
