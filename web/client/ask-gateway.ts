import {EventSourceParserStream} from 'eventsource-parser/stream';
import * as z from 'zod/mini';
import {WeftError} from '#shared/base/errors.ts';
import {codeOfApi} from '#shared/client/chat/api-code.ts';
import {ASKED_BOUNDS} from '#shared/client/chat/asked-sampling.ts';
import type {ChatWay, AskTarget} from './chat-way.ts';
import {noWeftServer, serverUnreachable} from './client-faults.ts';
import {readQuestion} from './read-question.ts';

const errorSchema = z.object({error: z.object({code: z.string(), message: z.string()})});
const modelsSchema = z.object({data: z.array(z.object({id: z.string()}))});
const chunkSchema = z.object({
  choices: z.array(z.object({delta: z.object({content: z.optional(z.string())})})),
});

/** Asks the gateway of the server, which asks the swarm: for programs that are no browser tab. */
export function askGateway({serverUrl, model}: AskTarget): ChatWay {
  let chosen: string | null = model === '' ? null : model;
  return {
    async *ask(asked, {signal, ...options}) {
      const {messages, maxTokens, temperature, topP, seed} = readQuestion(asked, options);
      const request = signal === undefined ? {} : {signal};
      chosen ??= await firstModel(serverUrl, request);
      const response = await ask(serverUrl, 'v1/chat/completions', {
        ...request,
        method: 'POST',
        headers: {'Content-Type': 'application/json'},
        body: bodyOf({
          model: chosen,
          messages,
          stream: true,
          max_tokens: maxTokens,
          temperature,
          top_p: topP,
          seed,
        }),
      });
      yield* textsOf(response, {serverUrl, signal});
    },
    close: () => undefined,
  };
}

/** @throws {WeftError} `PROMPT_TOO_LONG`: no server reads more, and no context holds it. */
function bodyOf(request: object): string {
  const body = JSON.stringify(request);
  const {byteLength} = new TextEncoder().encode(body);
  if (byteLength <= ASKED_BOUNDS.mostBodyBytes) return body;
  throw new WeftError(
    {code: 'PROMPT_TOO_LONG'},
    `The prompt is too long: ${byteLength} bytes, of which at most ${ASKED_BOUNDS.mostBodyBytes} are read; shorten it`,
  );
}

type From = {readonly serverUrl: string; readonly signal?: AbortSignal | undefined};

async function* textsOf(
  response: Response,
  {serverUrl, signal}: From,
): AsyncGenerator<string, void, undefined> {
  if (!/^text\/event-stream\b/u.test(response.headers.get('content-type') ?? '')) {
    throw noWeftServer(serverUrl);
  }
  const events = response.body
    ?.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const next = await whole(async () => events?.read(), {serverUrl, signal});
      const data = next?.value?.data;
      if (data === '[DONE]') return;
      if (data === undefined) throw brokenOff(serverUrl);
      const text = textOf(data, serverUrl);
      if (text !== '') yield text;
    }
  } finally {
    await events?.cancel().catch(() => undefined); // It broke off, which whoever reads it hears.
  }
}

/** @throws {WeftError} when it is an error in place of a text. */
function textOf(data: string, serverUrl: string): string {
  const event = jsonOf(data);
  throwIfError(event);
  return read(chunkSchema, event, serverUrl).choices[0]?.delta.content ?? '';
}

/** What comes of a response. @throws {WeftError} where it ends too soon; the reason of `signal`. */
async function whole<T>(come: () => Promise<T>, {serverUrl, signal}: From): Promise<T> {
  try {
    return await come();
  } catch (cause) {
    signal?.throwIfAborted();
    throw brokenOff(serverUrl, cause);
  }
}

function brokenOff(serverUrl: string, cause?: unknown): WeftError {
  return serverUnreachable(serverUrl, 'breaks off before its answer is over', cause);
}

type Signal = {readonly signal?: AbortSignal};

async function firstModel(serverUrl: string, options: Signal): Promise<string> {
  const response = await ask(serverUrl, 'v1/models', options);
  const text = await whole(async () => response.text(), {serverUrl, ...options});
  const [first] = read(modelsSchema, jsonOf(text), serverUrl).data;
  if (first === undefined) throw serverUnreachable(serverUrl, 'offers no model');
  return first.id;
}

/** @throws {WeftError} `SERVER_UNREACHABLE`, `NO_WEFT_SERVER`, and what the server says. */
async function ask(
  serverUrl: string,
  path: string,
  {signal, ...options}: Omit<RequestInit, 'signal'> & Signal,
): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(path, serverUrl), {...options, ...(signal && {signal})});
  } catch (cause) {
    signal?.throwIfAborted();
    throw serverUnreachable(serverUrl, 'does not answer', cause);
  }
  if (response.ok) return response;
  throwIfError(jsonOf(await whole(async () => response.text(), {serverUrl, signal})));
  // A proxy in front of a server that is away says so.
  if (response.status < 500) throw noWeftServer(serverUrl);
  throw serverUnreachable(serverUrl, `answers with an error (${response.status})`);
}

/** What the gateway says is for people already. */
function throwIfError(data: unknown): void {
  const {data: body} = errorSchema.safeParse(data);
  if (body === undefined) return;
  throw new WeftError({code: codeOfApi(body.error.code)}, body.error.message);
}

/** What is no JSON is nothing that a server of Weft says. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function read<T>(schema: z.ZodMiniType<T>, value: unknown, serverUrl: string): T {
  const {data, error} = schema.safeParse(value);
  if (error !== undefined) throw noWeftServer(serverUrl, error);
  return data;
}
