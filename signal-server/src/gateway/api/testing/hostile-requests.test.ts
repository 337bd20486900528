import {Session} from 'node:inspector/promises';
import * as fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {ApiError} from '../../errors/api-error.ts';
import {choicesOfChat, choicesOfCompletion} from '../request/asked-choices.ts';
import {chatRequestSchema} from '../request/chat-request.ts';
import {completionRequestSchema} from '../request/completion-request.ts';
import {LENT_KV_TOKENS} from '#shared/session/lent-kv-tokens.ts';
import {readRequest} from '../request/read-request.ts';
import {
  arbitraryHostileRequest,
  HOSTILE_PROMPTS,
  HOSTILE_REQUESTS,
  type HostileRequest,
} from './hostile-requests.ts';

/** Blocks of code that the thread of the server runs for one request: some fifty milliseconds. */
const MOST_BLOCKS = 2_000_000;
const MOST_BYTES = 1024 * 1024;

let session: Session;
beforeAll(async () => {
  session = new Session();
  session.connect();
  await session.post('Profiler.enable');
  await session.post('Profiler.startPreciseCoverage', {callCount: true, detailed: true});
});
afterAll(() => {
  session.disconnect();
});

/** How many blocks of code have run since it was called last: as many on any machine. */
async function takeBlocks(): Promise<number> {
  const {result} = await session.post('Profiler.takePreciseCoverage');
  return result
    .flatMap(({functions}) => functions)
    .flatMap(({ranges}) => ranges)
    .reduce((sum, {count}) => sum + count, 0);
}

const ofChat = (json: string) => choicesOfChat(readRequest(chatRequestSchema, json));
const ofCompletion = (json: string) =>
  choicesOfCompletion(readRequest(completionRequestSchema, json));

/** What a request costs before anybody is asked, and the code with which it is refused. */
async function read([, body]: HostileRequest, choicesOf = ofChat) {
  const json = body.slice(0, MOST_BYTES);
  await takeBlocks();
  let code = 'taken';
  try {
    choicesOf(json);
  } catch (cause) {
    if (!(cause instanceof ApiError)) throw cause;
    ({code} = cause.detail);
  }
  return {code, blocks: await takeBlocks()};
}

test.each(HOSTILE_REQUESTS)(
  '[SO3] [GW17] a hostile request is refused cheaply: %s',
  async (...hostile) => {
    const {code, blocks} = await read(hostile);
    expect(code).not.toBe('taken');
    expect(blocks).toBeLessThan(MOST_BLOCKS);
  },
);

test.each(HOSTILE_PROMPTS)('[GW17] a hostile prompt is refused cheaply: %s', async (...hostile) => {
  const {code, blocks} = await read(hostile, ofCompletion);
  expect(code).toMatch(/^(?:context_length_exceeded|too_many_values)$/u);
  expect(blocks).toBeLessThan(MOST_BLOCKS);
});

test('[GW17] the longest prompts of token ids are taken', async () => {
  const ids = Array.from({length: LENT_KV_TOKENS}, (_, at) => at);
  const prompts = [ids, Array.from({length: 8}, () => ids)];
  for (const prompt of prompts) {
    const body = JSON.stringify({model: 'tiny', prompt});
    expect(await read(['ids', body], ofCompletion)).toMatchObject({code: 'taken'});
  }
});

test('[GW17] no request is dear to read, whatever it repeats', async () => {
  await fc.assert(
    fc.asyncProperty(arbitraryHostileRequest, async (hostile) => {
      const {blocks} = await read(hostile);
      expect(blocks).toBeLessThan(MOST_BLOCKS);
    }),
    {numRuns: 60},
  );
});
