import {once} from 'node:events';
import {createServer, type IncomingHttpHeaders, type RequestListener} from 'node:http';
import {json} from 'node:stream/consumers';
import {afterEach, expect, test} from 'vitest';
import {askForEvents} from '../testing/ask-for-events.ts';
import {fallbackChat} from './fallback-chat.ts';

const MOST_CHARACTERS = 32_768;

const closing: (() => void)[] = [];
afterEach(() => {
  for (const close of closing.splice(0)) close();
});

/** A service on this machine; its address ends in a slash. */
async function serve(
  listener: (...answered: Parameters<RequestListener>) => unknown,
): Promise<string> {
  const server = createServer((...answered) => void listener(...answered)).listen(0, '127.0.0.1');
  closing.push(() => {
    server.closeAllConnections();
    server.close();
  });
  await once(server, 'listening');
  const address = server.address();
  return `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/v1/`;
}

const event = (content: string | null, finish: string | null = null): string =>
  `data: ${JSON.stringify({choices: [{delta: {content}, finish_reason: finish}]})}\n\n`;

const streaming =
  (...events: readonly string[]): RequestListener =>
  (_, response) => {
    response.writeHead(200, {'Content-Type': 'text/event-stream; charset=utf-8'});
    for (const text of events) response.write(text);
    response.end();
  };

async function answer(baseUrl: string) {
  const events = await askForEvents(fallbackChat({baseUrl, model: 'tiny'}));
  return {
    first: events[0],
    text: events.map((part) => (part.kind === 'text' ? part.text : '')).join(''),
    last: events.at(-1),
  };
}

test('[WS6] it asks as OpenAI has it, without cookies, and hands on what is streamed', async () => {
  let body: unknown;
  let headers: IncomingHttpHeaders = {};
  let path = '';
  const url = await serve(async (request, response) => {
    ({headers, url: path = ''} = request);
    body = await json(request);
    streaming(event(null), event('It '), event('is I'), 'data: [DONE]\n\n')(request, response);
  });
  const {first, text, last} = await answer(url);
  expect(path).toBe('/v1/chat/completions');
  expect(headers).not.toHaveProperty('cookie');
  expect(body).toEqual({
    model: 'tiny',
    messages: [{role: 'user', content: 'Who?'}],
    stream: true,
    max_tokens: 512,
    temperature: 0.7,
    top_p: 0.95,
  });
  expect(first).toEqual({kind: 'elsewhere', host: new URL(url).host});
  expect(text).toBe('It is I');
  expect(last).toEqual({kind: 'end', finishReason: 'stop', text: ''});
});

test('[WS6] an answer in one piece will do, and one that its service has cut is called so', async () => {
  const whole = await serve((_, response) => {
    response.writeHead(200, {'Content-Type': 'application/json'});
    response.end('{"choices": [{"message": {"role": "assistant", "content": "I"}}]}');
  });
  expect(await answer(whole)).toMatchObject({text: 'I', last: {finishReason: 'stop'}});
  const cut = await serve(streaming(event('It'), event('', 'length')));
  expect(await answer(cut)).toMatchObject({text: 'It', last: {finishReason: 'length'}});
});

test('[WS6] an answer without end is cut, and the request with it', async () => {
  let isClosed = false;
  const url = await serve((_, response) => {
    response.writeHead(200, {'Content-Type': 'text/event-stream'});
    response.write(event('a'.repeat(MOST_CHARACTERS + 1)));
    response.on('close', () => (isClosed = true));
  });
  const {text, last} = await answer(url);
  expect(text).toHaveLength(MOST_CHARACTERS);
  expect(last).toMatchObject({finishReason: 'length'});
  await expect.poll(() => isClosed).toBe(true);
});

test('[WS6] a service that fails is named, with what to do', async () => {
  const busy = await serve((_, response) => response.writeHead(503).end());
  await expect(answer(busy)).rejects.toMatchObject({
    detail: {code: 'FALLBACK_FAILED', host: new URL(busy).host},
    message: expect.stringMatching(/answers with an error \(503\): try again in a minute$/u),
  });
  const odd = await serve(streaming('data: {"choices": 1}\n\n'));
  await expect(answer(odd)).rejects.toThrow('sends what is no answer');
  for (const type of ['text/event-stream', 'application/json']) {
    const lost = await serve((_, response) => {
      response.writeHead(200, {'Content-Type': type});
      response.write(event('Half'), () => response.destroy());
    });
    await expect(answer(lost)).rejects.toThrow('breaks off before its answer is over');
  }
  await expect(answer('http://127.0.0.1:9/v1/')).rejects.toThrow('does not answer');
});

test('[WS7] no other host hears of the conversation, and the sentence says which address to give', async () => {
  let askedCount = 0;
  const other = await serve((request, response) => {
    askedCount += 1;
    streaming(event('I'))(request, response);
  });
  for (const status of [301, 302, 307, 308]) {
    const url = await serve((_, response) =>
      response.writeHead(status, {Location: `${other}chat/completions`}).end(),
    );
    const {host} = new URL(url);
    await expect(answer(url)).rejects.toMatchObject({
      detail: {code: 'FALLBACK_FAILED', host},
      message: `The swarm cannot serve now, and ${host} sends the question on to another address: tell whoever runs this site to give the final address as its fallback`,
    });
  }
  expect(askedCount).toBe(0);
});
