/// <reference types="node" />

import {once} from 'node:events';
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {onTestFinished} from 'vitest';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';

interface HubRequest {
  readonly path: string;
  readonly range: string | null;
  readonly ifRange: string | null;
}

export interface HubServer {
  readonly url: string;
  readonly requests: readonly HubRequest[];
  /** Ends the connections that are open, as a cable that is pulled does. */
  readonly cut: () => void;
}

export interface HubOptions {
  readonly content: Uint8Array;
  readonly etag?: string;
  readonly hasRanges?: boolean;
  /** Answers the n-th request (from 0) after this many bytes with silence. */
  readonly stopAfterBytes?: (request: number) => number | null;
  readonly status?: number;
}

/** A model hub on loopback that answers range requests as RFC 9110 asks, until the test is over. */
export async function startHub(options: HubOptions): Promise<HubServer> {
  const requests: HubRequest[] = [];
  const server = createServer((request, response) => {
    const {range, 'if-range': ifRange} = request.headers;
    const index = requests.length;
    requests.push({
      path: request.url ?? '',
      range: range ?? null,
      ifRange: typeof ifRange === 'string' ? ifRange : null,
    });
    answer({request, response, index, options});
  });
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, 'close');
  });
  return {url, requests, cut: () => server.closeAllConnections()};
}

interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly index: number;
  readonly options: HubOptions;
}

function answer({request, response, index, options}: Exchange): void {
  const {content, etag = '"one"', status, stopAfterBytes} = options;
  if (status !== undefined) {
    response.writeHead(status).end();
    return;
  }
  const end = content.byteLength;
  const start = readStart(request, options);
  if (start !== null && start >= end) {
    response.writeHead(416, {'content-range': `bytes */${end}`}).end();
    return;
  }
  const body = content.subarray(start ?? 0);
  const headers = {etag, 'content-length': body.byteLength};
  if (start === null) response.writeHead(200, headers);
  else response.writeHead(206, {...headers, 'content-range': `bytes ${start}-${end - 1}/${end}`});
  const stop = stopAfterBytes?.(index) ?? null;
  if (stop === null) response.end(body);
  else response.write(body.subarray(0, stop));
}

/** First byte to send; `null`: the whole file, because nothing else was asked or can be had. */
function readStart({headers}: IncomingMessage, options: HubOptions): number | null {
  const {etag = '"one"', hasRanges = true} = options;
  const ifRange = headers['if-range'] ?? etag;
  const start = /^bytes=(\d+)-$/u.exec(headers.range ?? '')?.[1];
  return start !== undefined && hasRanges && ifRange === etag ? Number(start) : null;
}
