import {createHash} from 'node:crypto';
import {connect} from 'node:net';
import {expect, test} from 'vitest';
import {CHAT, chat, errorOf, open} from './open-api.ts';
import {askWords, IDLE_MS} from './scripted-api.ts';

const sha256 = (key: string) => createHash('sha256').update(key).digest('hex');
const as = (key: string) => ({Authorization: `Bearer ${key}`});

test('[CQ2] [GW5] at five times what there is room for, each request has an answer or hears when to try again, and then all is as before', async () => {
  const waiting: (() => void)[] = [];
  const {post, counts} = await open({
    capacity: 8,
    ask: async function* (request) {
      await new Promise<void>((resolve) => waiting.push(resolve));
      yield* askWords(request);
    },
  });
  const refused: Response[] = [];
  const responses = Array.from({length: 40}, async () => {
    const response = await post(CHAT, chat);
    if (response.status === 429) refused.push(response);
    return response.status;
  });
  const settled = Promise.all(responses);
  let isOver = false;
  void settled.then(() => (isOver = true));
  // Eight run and eight wait, and none of these is done before all have come.
  await expect.poll(() => refused.length).toBe(24);
  expect(waiting).toHaveLength(8);
  await expect
    .poll(() => {
      for (const go of waiting.splice(0)) go();
      return isOver;
    })
    .toBe(true);
  expect((await settled).filter((status) => status === 200)).toHaveLength(16);
  for (const {headers} of refused) expect(Number(headers.get('retry-after'))).toBeGreaterThan(0);
  expect(counts()).toEqual({running: 0, waiting: 0});
});

test('[GW13] a socket without a byte is not ended while it waits for its answer, and a stream is once it has begun', async () => {
  const seen: (number | null)[] = [];
  const api = await open({
    ask: async function* (request) {
      seen.push(api.socketTimeoutMs());
      yield* askWords(request);
      seen.push(api.socketTimeoutMs());
    },
  });
  await (await api.post(CHAT, chat)).text();
  expect(seen).toEqual([0, 0]);
  await (await api.post(CHAT, {...chat, stream: true})).text();
  expect(seen.slice(2)).toEqual([0, IDLE_MS]);
});

test('[GW13] the socket of a whole answer that nobody reads is ended for its silence', async () => {
  const api = await open({
    ask: async function* () {
      yield {kind: 'prompt', tokenIds: [7]};
      // More than sockets hold.
      const text = 'x'.repeat(2 ** 24);
      yield {kind: 'token', tokenId: 1, text, logprob: 0, topLogprobs: [], atMs: 0};
      yield {kind: 'end', finishReason: 'stop', text: ''};
    },
  });
  const {hostname, port} = new URL(api.url);
  const body = JSON.stringify(chat);
  const socket = connect(Number(port), hostname).pause();
  socket.write(
    `POST ${CHAT} HTTP/1.1\r\nHost: ${hostname}\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
  );
  await expect.poll(() => api.asked.length).toBe(1);
  await expect.poll(() => api.socketTimeoutMs()).toBe(IDLE_MS);
  socket.destroy();
});

test('[AK1] with keys, who has none is refused, and each name has its own limits', async () => {
  const {post, url} = await open({
    keys: [
      {name: 'ann', sha256: sha256('key-of-ann'), requestsPerMinute: 1},
      {name: 'bob', sha256: sha256('key-of-bob')},
    ],
  });
  const none = {status: 401, code: 'invalid_api_key'};
  const without = await post(CHAT, chat);
  expect(without.headers.get('www-authenticate')).toBe('Bearer');
  expect(await errorOf(without)).toMatchObject(none);
  expect(await errorOf(await post(CHAT, chat, as('key-of-eve')))).toMatchObject(none);
  expect(await errorOf(await fetch(`${url}/v1/models`))).toMatchObject(none);
  expect((await post(CHAT, chat, as('key-of-ann'))).status).toBe(200);
  const often = await post(CHAT, chat, as('key-of-ann'));
  expect(often.headers.get('retry-after')).toBe('60');
  expect(await errorOf(often)).toMatchObject({status: 429, code: 'rate_limit_exceeded'});
  expect((await post(CHAT, chat, as('key-of-bob'))).status).toBe(200);
});
