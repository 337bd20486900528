/// <reference types="node" />
import {createServer, type IncomingMessage, type ServerResponse} from 'node:http';
import {afterEach, expect, test} from 'vitest';
import {sha256} from '#shared/testing/sha256.ts';
import type {TensorEntry} from '#shared/model/manifest.ts';
import {readTensors} from './read-tensors.ts';

const FILE = Uint8Array.from({length: 4096}, (_, at) => (at * 31 + (at >> 8)) & 255);
const closers: (() => void)[] = [];
afterEach(() => {
  for (const close of closers.splice(0)) close();
});

async function entryOf(
  name: string,
  offsetBytes: number,
  byteLength: number,
): Promise<TensorEntry> {
  const own = FILE.subarray(offsetBytes, offsetBytes + byteLength);
  return {
    name,
    dtype: 'F32',
    shape: [byteLength / 4],
    offsetBytes,
    byteLength,
    sha256: await sha256(own),
  };
}

type Answer = (range: {start: number; end: number}, response: ServerResponse) => void;

const honest: Answer = ({start, end}, response) => {
  response.writeHead(206, {'content-range': `bytes ${start}-${end}/${FILE.length}`});
  response.end(FILE.subarray(start, end + 1));
};

/** A real server on loopback. @returns its URL and the ranges asked for. */
async function serve(answer: Answer): Promise<{url: string; ranges: string[]}> {
  const ranges: string[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const range = request.headers.range ?? '';
    ranges.push(range);
    const [start = 0, end = 0] = range.replace('bytes=', '').split('-').map(Number);
    answer({start, end}, response);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  closers.push(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  return {url: `http://127.0.0.1:${port}/file`, ranges};
}

const read = (
  url: string,
  entries: readonly TensorEntry[],
  options: {onBytes?: (count: number) => void; signal?: AbortSignal} = {},
) =>
  readTensors({
    url,
    entries,
    onBytes: () => undefined,
    signal: new AbortController().signal,
    ...options,
  });

const failing = (detail: object): unknown =>
  expect.objectContaining({detail: expect.objectContaining(detail)});

test('[WT1] neighbours come in one read, across alignment gaps, and nothing else is read', async () => {
  const {url, ranges} = await serve(honest);
  const entries = [
    await entryOf('a', 64, 400),
    await entryOf('b', 480, 100),
    await entryOf('far', 2048, 128),
  ];
  let bytes = 0;
  const tensors = await read(url, entries, {onBytes: (count) => (bytes += count)});
  expect(ranges.toSorted()).toEqual(['bytes=2048-2175', 'bytes=64-579']);
  expect(tensors.get('b')?.bytes).toEqual(FILE.subarray(480, 580));
  expect(tensors.get('far')?.bytes).toEqual(FILE.subarray(2048, 2176));
  expect(bytes).toBe(580 - 64 + 128);
});

test('[WT2] one altered byte is found, and named with both hashes', async () => {
  const {url} = await serve(({start, end}, response) => {
    response.writeHead(206);
    response.end(
      FILE.slice(start, end + 1).map((byte, at) => (start + at === 500 ? byte ^ 1 : byte)),
    );
  });
  const [a, b] = [await entryOf('a', 64, 400), await entryOf('b', 480, 100)];
  const reading = read(url, [a, b]);
  await expect(reading).rejects.toThrow(
    failing({code: 'TENSOR_ALTERED', tensor: 'b', expectedSha256: b.sha256}),
  );
  await expect(reading).rejects.toThrow(
    /^The download of tensor "b" was altered on its way: SHA-256 [0-9a-f]{8}… instead of [0-9a-f]{8}…; none of it is run/u,
  );
});

test.each<[string, Answer, number, RegExp]>([
  ['404', (_, response) => response.writeHead(404).end(), 404, /the server answered 404/u],
  ['200', (_, response) => response.writeHead(200).end(FILE), 200, /ignores ranges/u],
  ['short', (_, response) => response.writeHead(206).end('abc'), 206, /3 bytes came/u],
  ['long', (_, response) => response.writeHead(206).end(FILE), 206, /101 bytes came/u],
  [
    'another range',
    (_, response) =>
      response.writeHead(206, {'content-range': 'bytes 0-99/4096'}).end(FILE.subarray(0, 100)),
    206,
    /answered with "bytes 0-99/u,
  ],
])(
  '[WT3] an answer that does not hold the bytes is refused: %s',
  async (_, answer, status, reason) => {
    const {url} = await serve(answer);
    const reading = read(url, [await entryOf('b', 480, 100)]);
    await expect(reading).rejects.toThrow(failing({code: 'WEIGHTS_UNREACHABLE', url, status}));
    await expect(reading).rejects.toThrow(reason);
  },
);

test('[WT4] a connection that breaks or never opens is unreachable, not a crash', async () => {
  const {url} = await serve((_, response) => response.destroy());
  const reading = read(url, [await entryOf('b', 480, 100)]);
  await expect(reading).rejects.toThrow(failing({code: 'WEIGHTS_UNREACHABLE', status: null}));
});

test('[WT5] aborting rejects with the reason of the signal', async () => {
  const controller = new AbortController();
  const {url} = await serve(() => {
    controller.abort(new Error('no longer wanted'));
  });
  const reading = read(url, [await entryOf('b', 480, 100)], {signal: controller.signal});
  await expect(reading).rejects.toThrow('no longer wanted');
});
