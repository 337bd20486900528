import {EventSourceParserStream} from 'eventsource-parser/stream';
import * as z from 'zod/mini';
import {WeftError} from '#shared/base/errors.ts';
import type {ChatWay, AskTarget} from './chat-way.ts';
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
        body: JSON.stringify({
          model: chosen,
          messages,
          stream: true,
          max_tokens: maxTokens,
          temperature,
          top_p: topP,
          seed,
        }),
      });
      yield* textsOf(response, serverUrl);
    },
    close: () => undefined,
  };
}

async function* textsOf(
  response: Response,
  serverUrl: string,
): AsyncGenerator<string, void, undefined> {
  const events = response.body
    ?.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  try {
    for (;;) {
      const data = (await events?.read())?.value?.data;
      if (data === '[DONE]') return;
      if (data === undefined) throw unanswered(serverUrl, 'breaks off before its answer is over');
      const text = textOf(JSON.parse(data));
      if (text !== '') yield text;
    }
  } finally {
    await events?.cancel();
  }
}

/** @throws {WeftError} when it is an error in place of a text. */
function textOf(event: unknown): string {
  throwIfError(event);
  return chunkSchema.parse(event).choices[0]?.delta.content ?? '';
}

async function firstModel(serverUrl: string, options: RequestInit): Promise<string> {
  const response = await ask(serverUrl, 'v1/models', options);
  const [first] = modelsSchema.parse(await response.json()).data;
  if (first === undefined) throw unanswered(serverUrl, 'offers no model');
  return first.id;
}

async function ask(serverUrl: string, path: string, options: RequestInit): Promise<Response> {
  let response: Response;
  try {
    response = await fetch(new URL(path, serverUrl), options);
  } catch (cause) {
    options.signal?.throwIfAborted();
    throw unanswered(serverUrl, 'does not answer', cause);
  }
  if (response.ok) return response;
  throwIfError(await response.json().catch(() => null));
  throw unanswered(serverUrl, `answers with an error (${response.status})`);
}

/** What the gateway says is for people already. */
function throwIfError(data: unknown): void {
  const {data: body} = errorSchema.safeParse(data);
  if (body === undefined) return;
  throw new WeftError({code: body.error.code.toUpperCase()}, body.error.message);
}

function unanswered(serverUrl: string, what: string, cause?: unknown): WeftError {
  return new WeftError(
    {code: 'SERVER_UNREACHABLE'},
    `${new URL(serverUrl).host} ${what}: try again in a minute`,
    {cause},
  );
}
