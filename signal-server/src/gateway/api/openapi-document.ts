import * as z from 'zod';
import {chatRequestSchema} from './request/chat-request.ts';
import {completionRequestSchema} from './request/completion-request.ts';
import {
  chatChunkSchema,
  chatCompletionSchema,
  completionChunkSchema,
  completionSchema,
  errorSchema,
  modelListSchema,
  modelSchema,
} from './response-schemas.ts';

const ERRORS: Readonly<Record<number, string>> = {
  400: 'The request is wrong, or asks for what is not supported: `param` names the field',
  401: 'API keys are on, and this is none of them',
  404: 'No such model',
  405: 'The path knows other methods: `Allow` lists them',
  413: 'The request is too large',
  415: 'The body is compressed',
  429: 'The swarm is full, or the key asks too often: `Retry-After` says when to try again',
  500: 'A fault of the server',
  503: 'Layers of the model that nobody serves',
};

/** The API as an OpenAPI 3.1 document, made of the schemas that requests are validated with. */
export function openApiDocument(): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Weft',
      version: '1',
      description: 'An OpenAI-compatible API over a swarm of browser tabs.',
    },
    paths: {
      '/v1/models': {get: reading('The models that this server offers', modelListSchema)},
      '/v1/models/{id}': {
        get: {
          ...reading('One of them', modelSchema),
          parameters: [{name: 'id', in: 'path', required: true, schema: {type: 'string'}}],
        },
      },
      '/v1/chat/completions': {
        post: completing('The answer to a chat', {
          request: chatRequestSchema,
          whole: chatCompletionSchema,
          chunk: chatChunkSchema,
        }),
      },
      '/v1/completions': {
        post: completing('How a text goes on', {
          request: completionRequestSchema,
          whole: completionSchema,
          chunk: completionChunkSchema,
        }),
      },
    },
    components: {securitySchemes: {key: {type: 'http', scheme: 'bearer'}}},
    security: [{}, {key: []}],
  };
}

const inputOf = (schema: z.ZodType): object => z.toJSONSchema(schema, {io: 'input'});
const json = (schema: z.ZodType): object => ({'application/json': {schema: inputOf(schema)}});

function errorResponses(): object {
  return Object.fromEntries(
    Object.entries(ERRORS).map(([status, description]) => [
      status,
      {description, content: json(errorSchema)},
    ]),
  );
}

function reading(summary: string, schema: z.ZodType): object {
  return {
    summary,
    responses: {200: {description: summary, content: json(schema)}, ...errorResponses()},
  };
}

function completing(
  summary: string,
  {
    request,
    whole,
    chunk,
  }: {readonly request: z.ZodType; readonly whole: z.ZodType; readonly chunk: z.ZodType},
): object {
  const events = {'text/event-stream': {schema: inputOf(chunk)}};
  return {
    summary,
    requestBody: {required: true, content: json(request)},
    responses: {
      200: {
        description: `${summary}: whole, or with "stream" in events of which the last is [DONE]`,
        content: {...json(whole), ...events},
      },
      ...errorResponses(),
    },
  };
}
