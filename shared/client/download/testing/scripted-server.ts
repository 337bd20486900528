/// <reference types="node" />
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {onTestFinished} from 'vitest';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';

export type Asked = {readonly start: number; readonly end: number};
export type Answer = (asked: Asked, response: ServerResponse) => void;

/** What a server has that is asked for parts. */
export const FILE = Uint8Array.from({length: 20_000}, (_, at) => (at * 31 + (at >> 8)) & 255);

export const honest: Answer = ({start, end}, response) => {
  response.writeHead(206, {'content-range': `bytes ${start}-${end}/${FILE.length}`});
  response.end(FILE.subarray(start, end + 1));
};

export const silent: Answer = () => undefined;

export const broken: Answer = (_, response) => void response.destroy();

export const status =
  (code: number, headers: Record<string, string> = {}): Answer =>
  (_, response) =>
    void response.writeHead(code, headers).end();

/**
 * A real server on loopback, until the test is over.
 *
 * @param answers one for each request; the last one for all that follow.
 * @returns its URL and the ranges asked for, in order.
 */
export async function serveScript(
  ...answers: readonly Answer[]
): Promise<{readonly url: string; readonly ranges: readonly string[]}> {
  const ranges: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const answer = answers[ranges.length] ?? answers.at(-1);
    const range = request.headers.range ?? '';
    ranges.push(range);
    const [start = 0, end = 0] = range.replace('bytes=', '').split('-').map(Number);
    answer?.({start, end}, response);
  });
  const port = await listenOnLoopback(server);
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {url: `http://127.0.0.1:${port}/file`, ranges};
}
