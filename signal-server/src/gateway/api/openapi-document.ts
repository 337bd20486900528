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

type ErrorResponse = {
  readonly description: string;
  /** One that comes with it, and what it says. */
  readonly header?: readonly [name: string, description: string, type: 'string' | 'integer'];
};

const RETRY_AFTER = ['Retry-After', 'In so many seconds it may be otherwise', 'integer'] as const;
const ERRORS: Readonly<Record<number, ErrorResponse>> = {
  400: {
    description: 'The request is wrong, or asks for what is not supported: `param` names the field',
  },
  401: {
    description: 'API keys are on, and this is none of them',
    header: ['WWW-Authenticate', 'How a key is sent', 'string'],
  },
  404: {description: 'No such model'},
  405: {
    description: 'The path knows other methods',
    header: ['Allow', 'Methods that the path knows', 'string'],
  },
  413: {description: 'The request is too large'},
  415: {description: 'The body is compressed'},
  429: {description: 'The swarm is full, or the key asks too often', header: RETRY_AFTER},
  500: {description: 'A fault of the server'},
  503: {description: 'Layers of the model that nobody serves', header: RETRY_AFTER},
};

/**
 * The API as an OpenAPI 3.1 document, made of the schemas that requests are validated with.
 *
 * @param serverUrl what its paths are added to; "/" for those of the host that it is read from.
 */
export function openApiDocument(serverUrl: string): object {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Weft',
      version: '1',
      description: 'An OpenAI-compatible API over a swarm of browser tabs.',
    },
    servers: [{url: serverUrl}],
    paths: {
      '/v1/models': {
        get: {
          operationId: 'listModels',
          ...reading('The models that this server offers', modelListSchema),
        },
      },
      '/v1/models/{id}': {
        get: {
          operationId: 'retrieveModel',
          ...reading('One of them', modelSchema),
          parameters: [{name: 'id', in: 'path', required: true, schema: {type: 'string'}}],
        },
      },
      '/v1/chat/completions': {
        post: {
          operationId: 'createChatCompletion',
          ...completing('The answer to a chat', {
            request: chatRequestSchema,
            whole: chatCompletionSchema,
            chunk: chatChunkSchema,
          }),
        },
      },
      '/v1/completions': {
        post: {
          operationId: 'createCompletion',
          ...completing('How a text goes on', {
            request: completionRequestSchema,
            whole: completionSchema,
            chunk: completionChunkSchema,
          }),
        },
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
    Object.entries(ERRORS).map(([status, {description, header}]) => [
      status,
      {
        description,
        ...(header !== undefined && {headers: headersOf(header)}),
        content: json(errorSchema),
      },
    ]),
  );
}

function headersOf([name, description, type]: NonNullable<ErrorResponse['header']>): object {
  return {[name]: {description, schema: {type}}};
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
