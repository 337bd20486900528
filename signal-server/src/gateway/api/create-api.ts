import {randomBytes} from 'node:crypto';
import type {IncomingMessage} from 'node:http';
import {Hono, type Context} from 'hono';
import {bodyLimit} from 'hono/body-limit';
import {ASKED_BOUNDS} from '#shared/client/chat/asked-sampling.ts';
import type {NodeEnv} from '../../http/node-env.ts';
import {askChoices, type Choices} from '../answers/ask-choices.ts';
import type {Callers} from '../callers/callers.ts';
import type {AskedModel, Gateway} from '../swarms/create-gateway.ts';
import type {AnswerForm, Heading, ShowToken} from './answer-form.ts';
import {apiErrorOf, noSuchPath, tooLarge, wrongMethod, type ApiError} from '../errors/api-error.ts';
import {choicesOfChat, choicesOfCompletion} from './request/asked-choices.ts';
import {chatForm} from './chat-form.ts';
import {chatRequestSchema, type ChatRequest} from './request/chat-request.ts';
import {completionForm} from './completion-form.ts';
import {completionRequestSchema} from './request/completion-request.ts';
import {eventStream} from './event-stream.ts';
import {openApiDocument} from './openapi-document.ts';
import {readBody} from './request/read-body.ts';
import {readRequest} from './request/read-request.ts';
import {writeChunks, writeWhole} from './write-answer.ts';

const {mostBodyBytes} = ASKED_BOUNDS;

type Options = {
  readonly gateway: Pick<Gateway, 'modelIds' | 'model'>;
  readonly callers: Callers;
  /** The path of a request below the folder of the site. */
  readonly getPath: (request: Request) => string;
  /** Of the site, without a slash at the end, for whoever reads the OpenAPI document; "/": wherever that is read from. */
  readonly serverUrl: string;
  /** Unix ms. */
  readonly nowMs: () => number;
};

/** What one request wants, whichever of the two kinds of completion it is. */
type Asked = {
  readonly model: string;
  readonly choices: Choices;
  readonly form: (show: ShowToken | null) => AnswerForm;
  readonly withLogprobs: boolean;
  readonly isStream: boolean;
  readonly withUsage: boolean;
  /** The field that holds the prompt, for errors about it. */
  readonly promptParam: 'messages' | 'prompt';
  readonly idPrefix: string;
};

/** `/v1`: OpenAI's API over the swarms of this server. */
export function createApi(options: Options): Hono<NodeEnv> {
  const {gateway, callers, getPath, serverUrl} = options;
  const api = new Hono<NodeEnv>({getPath});
  api.onError((cause, context) => respondError(context, apiErrorOf(cause, 'messages')));
  api.notFound((context) => respondError(context, noSuchPath(context.req.path)));
  api.get('/v1/openapi.json', (context) => context.json(openApiDocument(serverUrl)));
  api.get('/v1/models', async (context) => {
    callers.identify(context.env.incoming);
    return context.json({object: 'list', data: (await gateway.modelIds()).map(modelObject)});
  });
  api.get('/v1/models/:id{.+}', async (context) => {
    callers.identify(context.env.incoming);
    const {id} = await gateway.model(context.req.param('id'));
    return context.json(modelObject(id));
  });
  const limit = bodyLimit({
    maxSize: mostBodyBytes,
    onError: () => {
      throw tooLarge(mostBodyBytes);
    },
  });
  api.post('/v1/chat/completions', limit, async (context) =>
    respond(context, options, askedOfChat),
  );
  api.post('/v1/completions', limit, async (context) =>
    respond(context, options, askedOfCompletion),
  );
  for (const [path, allow] of Object.entries(METHODS)) {
    api.all(path, ({req}) => {
      throw wrongMethod(req.method, req.path, allow);
    });
  }
  return api;
}

/** Of each path, what is answered above. */
const METHODS: Readonly<Record<string, string>> = {
  '/v1/openapi.json': 'GET',
  '/v1/models': 'GET',
  '/v1/models/:id{.+}': 'GET',
  '/v1/chat/completions': 'POST',
  '/v1/completions': 'POST',
};

const modelObject = (id: string) => ({
  id,
  object: 'model',
  created: 0, // A model is as old as its weights, and nobody knows how old these are.
  owned_by: 'weft',
});

function askedOfChat(json: string): Asked {
  const request = readRequest(chatRequestSchema, json);
  return {
    ...askedOf(request),
    choices: choicesOfChat(request),
    form: chatForm,
    withLogprobs: request.logprobs === true,
    promptParam: 'messages',
    idPrefix: 'chatcmpl',
  };
}

function askedOfCompletion(json: string): Asked {
  const request = readRequest(completionRequestSchema, json);
  return {
    ...askedOf(request),
    choices: choicesOfCompletion(request),
    form: completionForm,
    withLogprobs: request.logprobs != null,
    promptParam: 'prompt',
    idPrefix: 'cmpl',
  };
}

/** What both kinds say alike. */
function askedOf({
  model,
  stream,
  stream_options,
}: Pick<ChatRequest, 'model' | 'stream' | 'stream_options'>) {
  return {model, isStream: stream === true, withUsage: stream_options?.include_usage === true};
}

async function respond(
  context: Context<NodeEnv>,
  {gateway, callers, nowMs}: Options,
  read: (json: string) => Asked,
): Promise<Response> {
  const caller = callers.admit(context.env.incoming);
  const asked = read(await readBody(context.req));
  const errorOf = (cause: unknown): ApiError => apiErrorOf(cause, asked.promptParam);
  const hangUp = new AbortController();
  const signal = AbortSignal.any([context.req.raw.signal, hangUp.signal]);
  const heedIdle = heedlessOfIdle(context.env.incoming);
  try {
    const model = await gateway.model(asked.model);
    const parts = askChoices(model, asked.choices, {caller, signal});
    const form = asked.form(asked.withLogprobs ? await tokenShower(model) : null);
    const {answersEach} = asked.choices;
    const heading = headingOf(asked, {model, nowMs});
    if (!asked.isStream) return context.json(await writeWhole(parts, {heading, form, answersEach}));
    const chunks = writeChunks(parts, {heading, form, answersEach, withUsage: asked.withUsage});
    const first = await chunks.next();
    const body = eventStream(first.value ?? {}, chunks, {abort: () => hangUp.abort(), errorOf});
    return context.body(body, 200, {
      'Content-Type': 'text/event-stream; charset=utf-8',
      'Cache-Control': 'no-store',
      // A proxy in between that collects events would hold back the answer.
      'X-Accel-Buffering': 'no',
    });
  } catch (cause) {
    hangUp.abort();
    return respondError(context, errorOf(cause));
  } finally {
    heedIdle();
  }
}

/**
 * An answer may take minutes before its first byte, and a server ends sockets on which none moves. Whoever
 * hangs up closes theirs.
 *
 * @returns what has them watched again.
 */
function heedlessOfIdle({socket}: IncomingMessage): () => void {
  const {timeout = 0} = socket;
  socket.setTimeout(0);
  return () => void socket.setTimeout(timeout);
}

function headingOf(
  {idPrefix}: Asked,
  {model, nowMs}: {readonly model: AskedModel; readonly nowMs: () => number},
): Heading {
  return {
    id: `${idPrefix}-${randomBytes(12).toString('hex')}`,
    created: Math.floor(nowMs() / 1_000),
    model: model.id,
    system_fingerprint: `fp_${model.manifestHash.slice(0, 12)}`,
  };
}

async function tokenShower({chat}: AskedModel): Promise<ShowToken> {
  const vocabulary = await chat.vocabulary();
  const decoder = new TextDecoder('utf-8', {ignoreBOM: true});
  return (id) => {
    const bytes = vocabulary?.tokenBytes(id) ?? new Uint8Array();
    return {text: decoder.decode(bytes), bytes: [...bytes]};
  };
}

function respondError(context: Context<NodeEnv>, error: ApiError): Response {
  return context.json(error.body, error.detail.status, error.headers);
}
