/// <reference types="node" />

import {describeLength, type ExpectedFile} from './check-file.ts';

/** What an earlier attempt has brought. */
export interface Part {
  readonly byteLength: number;
  /** Strong entity tag of the answer that the part began with; `null`: it had none. */
  readonly etag: string | null;
}

export interface RequestRestOptions {
  readonly url: string;
  readonly part: Part;
  readonly expected: ExpectedFile;
  readonly signal?: AbortSignal | undefined;
  /** Until the headers of the answer, redirects included. */
  readonly answerTimeoutMs?: number;
  /** Longest silence in the middle of a file. */
  readonly silenceTimeoutMs?: number;
}

export interface BodyAnswer {
  readonly kind: 'body';
  readonly body: ReadableStream<Uint8Array>;
  readonly isResumed: boolean;
  /** Where the first byte of `body` belongs. */
  readonly offsetBytes: number;
  readonly etag: string | null;
}

export type RefusalAnswer =
  /** The server cannot go on from the part: it has to be removed. */
  | {readonly kind: 'cannot-resume'; readonly reason: string}
  | {readonly kind: 'failed'; readonly reason: string};

export interface RestRequest {
  readonly answer: Promise<BodyAnswer | RefusalAnswer>;
  /** Bytes came: the time limit for silence starts again. */
  readonly keepAlive: () => void;
  readonly close: () => void;
}

/** Asks for what is missing of a file: all of it when the part is empty. */
export function requestRest(options: RequestRestOptions): RestRequest {
  const {answerTimeoutMs = 5000, silenceTimeoutMs = 20_000} = options;
  const stop = new AbortController();
  const limit = (ms: number): NodeJS.Timeout =>
    setTimeout(() => stop.abort(new Error(`no answer within ${ms / 1000} s`)), ms);
  let timer = limit(answerTimeoutMs);
  const keepAlive = (): void => {
    clearTimeout(timer);
    timer = limit(silenceTimeoutMs);
  };
  const signals = options.signal === undefined ? [] : [options.signal];
  const answer = send(options, AbortSignal.any([stop.signal, ...signals])).finally(keepAlive);
  const close = (): void => {
    clearTimeout(timer);
    stop.abort();
  };
  return {answer, keepAlive, close};
}

async function send(
  options: RequestRestOptions,
  signal: AbortSignal,
): Promise<BodyAnswer | RefusalAnswer> {
  const {url, part} = options;
  const headers = new Headers({'accept-encoding': 'identity'});
  if (part.byteLength > 0) headers.set('range', `bytes=${part.byteLength}-`);
  if (part.byteLength > 0 && part.etag !== null) headers.set('if-range', part.etag);
  try {
    const response = await fetch(url, {headers, signal});
    if (response.status === 206) return readRest(response, options);
    if (response.status === 200) return readWhole(response, options);
    if (response.status === 416) return {kind: 'cannot-resume', reason: 'HTTP 416'};
    return {kind: 'failed', reason: `HTTP ${response.status} ${response.statusText}`.trim()};
  } catch (error) {
    return {kind: 'failed', reason: describeNetworkError(error)};
  }
}

function readRest(
  response: Response,
  {part, expected}: RequestRestOptions,
): BodyAnswer | RefusalAnswer {
  const header = response.headers.get('content-range') ?? '';
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+|\*)$/u.exec(header) ?? [];
  if (Number(start) !== part.byteLength) {
    return {kind: 'cannot-resume', reason: 'the server sent another range than the one asked for'};
  }
  if (total !== '*' && Number(total) !== expected.byteLength) {
    return {kind: 'failed', reason: describeLength(expected, Number(total))};
  }
  return readBody(response, part.byteLength);
}

function readWhole(response: Response, {expected}: RequestRestOptions): BodyAnswer | RefusalAnswer {
  const length = response.headers.get('content-length');
  if (length !== null && Number(length) !== expected.byteLength) {
    return {kind: 'failed', reason: describeLength(expected, Number(length))};
  }
  return readBody(response, 0);
}

function readBody(response: Response, offsetBytes: number): BodyAnswer | RefusalAnswer {
  const {body, headers} = response;
  if (body === null) return {kind: 'failed', reason: 'an answer without content'};
  const etag = headers.get('etag') ?? '';
  return {
    kind: 'body',
    body,
    isResumed: offsetBytes > 0,
    offsetBytes,
    etag: etag.startsWith('"') ? etag : null,
  };
}

/** `fetch` hides the reason in the cause of the cause. */
export function describeNetworkError(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && typeof error.code === 'string' ? error.code : '';
  // The codes of Node's HTTP client say less than its messages.
  if (code !== '' && !code.startsWith('UND_ERR_')) return `no connection (${code})`;
  return error.cause === undefined ? error.message : describeNetworkError(error.cause);
}
