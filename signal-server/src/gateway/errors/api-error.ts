import {WeftError} from '#shared/base/errors.ts';
import {apiCodeOf} from '#shared/client/chat/api-code.ts';
import {shortText} from '#shared/base/short-text.ts';
import {GrammarRefusedError} from '../grammar/request-grammar.ts';
import {insteadOf} from './instead-of.ts';
import type {SchemaFault} from '../grammar/schema/schema-fault.ts';

/** OpenAI's names for kinds of errors. */
type ErrorType =
  | 'invalid_request_error'
  | 'authentication_error'
  | 'rate_limit_error'
  | 'service_unavailable_error'
  | 'server_error';

type Detail = {
  readonly code: string;
  readonly status: 400 | 401 | 404 | 405 | 413 | 415 | 429 | 500 | 503;
  readonly type: ErrorType;
  /** The field of the request that is at fault. */
  readonly param: string | null;
  readonly retryAfterMs: number | null;
  /** Methods that the path knows, where it does not know that of the request. */
  readonly allow: string | null;
};

/** An error of the API, in OpenAI's form. */
export class ApiError extends WeftError<Detail> {
  override readonly name = 'ApiError';

  get body(): object {
    const {type, param, code} = this.detail;
    return {error: {message: this.message, type, param, code}};
  }

  get headers(): Readonly<Record<string, string>> {
    const {status, retryAfterMs, allow} = this.detail;
    return {
      ...(status === 401 && {'WWW-Authenticate': 'Bearer'}),
      // What is left of the request is not read, so nothing can follow it.
      ...(status === 413 && {Connection: 'close'}),
      ...(retryAfterMs !== null && {'Retry-After': String(Math.ceil(retryAfterMs / 1_000))}),
      ...(allow !== null && {Allow: allow}),
    };
  }
}

type Rest = Partial<Pick<Detail, 'param' | 'retryAfterMs' | 'allow'>>;

const apiError = (
  {param = null, retryAfterMs = null, allow = null, ...rest}: Omit<Detail, keyof Rest> & Rest,
  message: string,
  cause?: unknown,
): ApiError => new ApiError({param, retryAfterMs, allow, ...rest}, message, {cause});

export function invalidRequest(
  code: string,
  message: string,
  param: string | null,
  cause?: unknown,
): ApiError {
  return apiError({status: 400, type: 'invalid_request_error', code, param}, message, cause);
}

export function unsupportedField(name: string): ApiError {
  const message = `"${name}" is not supported here: leave it out`;
  return invalidRequest('unsupported_parameter', message, name);
}

/** @param tokenId that a request wants more or less of. */
export function noSuchToken(
  tokenId: number,
  {id, vocabularySize}: {readonly id: string; readonly vocabularySize: number},
): ApiError {
  return invalidRequest(
    apiCodeOf('PROMPT_UNKNOWN_TOKEN'),
    `"logit_bias" has the token ${tokenId}, which the model "${id}" does not know: ids are from 0 to ${vocabularySize - 1}`,
    `logit_bias.${tokenId}`,
  );
}

export function knowsNoTools(model: string): ApiError {
  return invalidRequest(
    'unsupported_parameter',
    `"tools" is not supported by the model "${model}": its template knows no tools, or writes calls in a form of its own; leave out tools, calls and what came of them`,
    'tools',
  );
}

export function wrongKey(): ApiError {
  return apiError(
    {status: 401, type: 'authentication_error', code: 'invalid_api_key'},
    'This server wants an API key that it knows: send "Authorization: Bearer KEY", with a key from whoever runs it',
  );
}

export function tooOften(retryAfterMs: number): ApiError {
  const seconds = Math.max(1, Math.ceil(retryAfterMs / 1_000));
  return apiError(
    {
      status: 429,
      type: 'rate_limit_error',
      code: 'rate_limit_exceeded',
      retryAfterMs: seconds * 1_000,
    },
    `This API key asks more often than it may: try again in ${seconds} s`,
  );
}

export function noSuchPath(path: string): ApiError {
  return apiError(
    {status: 404, type: 'invalid_request_error', code: 'not_found'},
    `Nothing is served at ${shortText(path)}: ${insteadOf(path)}`,
  );
}

/** @param allow what may be done with the path, as HTTP lists it. */
export function wrongMethod(method: string, path: string, allow: string): ApiError {
  return apiError(
    {status: 405, type: 'invalid_request_error', code: 'method_not_allowed', allow},
    `${shortText(path)} is not for ${method}: use ${allow}`,
  );
}

export function compressed(encoding: string): ApiError {
  return apiError(
    {status: 415, type: 'invalid_request_error', code: 'unsupported_encoding'},
    `The body of the request is compressed (${shortText(encoding)}): send it as it is`,
  );
}

export function tooLarge(mostBytes: number): ApiError {
  return apiError(
    {status: 413, type: 'invalid_request_error', code: 'request_too_large'},
    `The request is too large: at most ${mostBytes} bytes`,
  );
}

/** Codes of the client that are about the request itself, and the field of each. */
const OF_REQUEST: ReadonlyMap<string, 'prompt' | 'model'> = new Map([
  ['PROMPT_TOO_LONG', 'prompt'],
  ['PROMPT_UNKNOWN_TOKEN', 'prompt'],
  ['PROMPT_EMPTY', 'prompt'],
  ['CHAT_TEMPLATE_FAILED', 'prompt'],
  ['TEXT_UNSUPPORTED', 'model'],
]);
/** What fails without anybody's doing but this server's. */
const OWN: ReadonlySet<string> = new Set(['GRAMMAR_FAILED', 'GRAMMAR_TOO_SLOW']);
/** Layers come back when people do. */
const LATER_MS = 5_000;

/** What any error of an answer is for a caller. Of our own faults it hears nothing more than that they are. */
export function apiErrorOf(cause: unknown, promptParam: string): ApiError {
  if (cause instanceof ApiError) return cause;
  if (!(cause instanceof WeftError)) return ownFault(cause);
  const {message} = cause;
  const {code, retryAfterMs} = readDetail(cause.detail);
  if (OWN.has(code)) return ownFault(cause);
  if (code === 'MODEL_UNKNOWN') {
    const detail = {status: 404, type: 'invalid_request_error', param: 'model'} as const;
    return apiError({...detail, code: apiCodeOf(code)}, message, cause);
  }
  if (cause instanceof GrammarRefusedError) return ofGrammar(cause);
  const field = OF_REQUEST.get(code);
  if (field !== undefined) {
    return invalidRequest(
      apiCodeOf(code),
      message,
      field === 'prompt' ? promptParam : field,
      cause,
    );
  }
  if (code === 'SWARM_FULL' || code === 'GATEWAY_BUSY') {
    const detail = {status: 429, type: 'rate_limit_error', code: 'swarm_full'} as const;
    return apiError({...detail, retryAfterMs: retryAfterMs ?? LATER_MS}, message, cause);
  }
  const detail = {status: 503, type: 'service_unavailable_error'} as const;
  return apiError({...detail, code: apiCodeOf(code), retryAfterMs: LATER_MS}, message, cause);
}

function ofGrammar(cause: GrammarRefusedError): ApiError {
  const {code, param} = cause.detail;
  const name = code === 'GRAMMAR_TOO_LARGE' ? 'schema_too_large' : 'unsupported_schema';
  return invalidRequest(name, cause.message, param, cause);
}

/** A schema that is part of a request. @param param where it is. */
export function schemaRefused(cause: SchemaFault, param: string): ApiError {
  return invalidRequest(OF_SCHEMA[cause.detail.code], cause.message, param, cause);
}

const OF_SCHEMA = {
  SCHEMA_INVALID: 'invalid_schema',
  SCHEMA_UNSUPPORTED: 'unsupported_schema',
  SCHEMA_TOO_LARGE: 'schema_too_large',
} as const;

function ownFault(cause: unknown): ApiError {
  return apiError(
    {status: 500, type: 'server_error', code: 'internal_error'},
    'The server failed while it answered: try again, and tell whoever runs it if that does not help',
    cause,
  );
}

function readDetail(detail: {readonly code: string}) {
  const {code} = detail;
  const retryAfterMs =
    'retryAfterMs' in detail && typeof detail.retryAfterMs === 'number'
      ? detail.retryAfterMs
      : null;
  return {code, retryAfterMs};
}
