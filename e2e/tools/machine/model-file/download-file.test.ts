import {createHash} from 'node:crypto';
import {mkdtemp, readdir, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {downloadFile, type DownloadOptions} from './download-file.ts';
import {CLOSED_PORT, listenOnLoopback} from '#shared/testing/loopback-port.ts';
import {startHub} from './testing/hub-server.ts';

const content = Buffer.from(
  Uint32Array.from({length: 200_000}, (_, i) => i * 2_654_435_761).buffer,
);
const expected = {
  byteLength: content.byteLength,
  sha256: createHash('sha256').update(content).digest('hex'),
};
const half = content.byteLength / 2;

let folder: string;
let partPath: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-download-'));
  partPath = join(folder, 'model.part');
});

afterEach(async () => {
  await rm(folder, {recursive: true});
});

const download = async (url: string, options: Partial<DownloadOptions> = {}) =>
  downloadFile({url, partPath, expected, ...options});

/** Whether the part holds exactly the first `byteLength` bytes of the file. */
const isPart = async (byteLength: number): Promise<boolean> =>
  (await readFile(partPath)).equals(content.subarray(0, byteLength));

const leavePart = async (part: Uint8Array, etag = '"one"'): Promise<void> => {
  await writeFile(partPath, part);
  await writeFile(`${partPath}.etag`, etag);
};

test('[DL1] stores a whole file and leaves nothing else behind', async () => {
  const hub = await startHub({content});
  const seen: number[] = [];
  const onProgress = (receivedBytes: number) => seen.push(receivedBytes);
  expect(await download(hub.url, {onProgress})).toEqual({kind: 'stored'});
  expect(await isPart(content.byteLength)).toBe(true);
  expect(await readdir(folder)).toEqual(['model.part']);
  expect(seen.at(-1)).toBe(content.byteLength);
});

test('[DL2] a cut connection is resumed where it was cut', async () => {
  const hub = await startHub({content, stopAfterBytes: (n) => (n === 0 ? half : null)});
  let received = 0;
  const onProgress = (receivedBytes: number) => {
    received = receivedBytes;
    if (receivedBytes === half) hub.cut();
  };
  expect(await download(hub.url, {onProgress})).toEqual({kind: 'stored'});
  expect(received).toBe(content.byteLength);
  expect(await isPart(content.byteLength)).toBe(true);
  expect(hub.requests.map(({range, ifRange}) => ({range, ifRange}))).toEqual([
    {range: null, ifRange: null},
    {range: `bytes=${half}-`, ifRange: '"one"'},
  ]);
});

test('[DL2] what an earlier run has left is used', async () => {
  const hub = await startHub({content});
  await leavePart(content.subarray(0, half));
  expect(await download(hub.url)).toEqual({kind: 'stored'});
  expect(await isPart(content.byteLength)).toBe(true);
  expect(hub.requests).toMatchObject([{range: `bytes=${half}-`}]);
});

test('[DL2] a part that is already whole needs no server', async () => {
  await leavePart(content);
  expect(await download(`http://127.0.0.1:${CLOSED_PORT}`)).toEqual({kind: 'stored'});
});

test('[DL3] a server that ignores ranges makes the download start over', async () => {
  const hub = await startHub({content, hasRanges: false});
  await leavePart(content.subarray(0, half));
  expect(await download(hub.url)).toEqual({kind: 'stored'});
  expect(await isPart(content.byteLength)).toBe(true);
  expect(hub.requests).toHaveLength(1);
});

test('[DL3] a part of another version of the file is not used', async () => {
  const hub = await startHub({content, etag: '"two"'});
  await leavePart(Buffer.alloc(half), '"one"');
  expect(await download(hub.url)).toEqual({kind: 'stored'});
  expect(hub.requests).toMatchObject([{ifRange: '"one"'}]);
});

test('[DL3] a part that turns out wrong is thrown away and the whole file fetched', async () => {
  const hub = await startHub({content});
  await leavePart(Buffer.alloc(half), '');
  expect(await download(hub.url)).toEqual({kind: 'stored'});
  expect(await isPart(content.byteLength)).toBe(true);
  expect(hub.requests).toMatchObject([{range: `bytes=${half}-`}, {range: null}]);
});

test('[DL3] a part longer than the file is thrown away', async () => {
  const hub = await startHub({content});
  await leavePart(Buffer.alloc(content.byteLength + 1));
  expect(await download(hub.url)).toEqual({kind: 'stored'});
  expect(hub.requests).toMatchObject([{range: null}]);
});

test('[DL4] a wrong hash is named, and the file removed', async () => {
  const altered = Buffer.from(content);
  altered.writeUInt8(altered.readUInt8(half) ^ 1, half);
  const hub = await startHub({content: altered});
  const got = createHash('sha256').update(altered).digest('hex');
  expect(await download(hub.url)).toEqual({
    kind: 'failed',
    reason: `wrong SHA-256: expected ${expected.sha256}, got ${got}`,
  });
  expect(await readdir(folder)).toEqual([]);
});

test('[DL4] a file of another size is refused before it is read', async () => {
  const hub = await startHub({content: content.subarray(1)});
  expect(await download(hub.url)).toEqual({
    kind: 'failed',
    reason: `wrong size: expected ${expected.byteLength} bytes, got ${expected.byteLength - 1}`,
  });
});

test('[DL5] refusals and dead ports are named', async () => {
  const hub = await startHub({content, status: 404});
  expect(await download(hub.url)).toEqual({kind: 'failed', reason: 'HTTP 404 Not Found'});
  expect(await download(`http://127.0.0.1:${CLOSED_PORT}`)).toEqual({
    kind: 'failed',
    reason: 'no connection (ECONNREFUSED)',
  });
});

test('[DL5] a hub that takes the connection and says nothing is given up', async () => {
  const server = createServer();
  const url = `http://127.0.0.1:${await listenOnLoopback(server)}`;
  expect(await download(url, {answerTimeoutMs: 100})).toEqual({
    kind: 'failed',
    reason: 'no answer within 0.1 s',
  });
  server.close();
});

test('[DL5] a server that cannot resume at all is given up, not asked for ever', async () => {
  const hub = await startHub({content, status: 416});
  await leavePart(content.subarray(0, half));
  expect(await download(hub.url)).toEqual({kind: 'failed', reason: 'HTTP 416, 10 times'});
  expect(hub.requests).toHaveLength(10);
});

test('[DL5] silence ends the attempt; the part stays for the next run', async () => {
  // Not one byte comes: on a slow machine the silence before one might be too long as well.
  const hub = await startHub({content, stopAfterBytes: () => 0});
  await leavePart(content.subarray(0, half));
  expect(await download(hub.url, {silenceTimeoutMs: 500})).toEqual({
    kind: 'failed',
    reason: `cut after ${half} bytes (no answer within 0.5 s)`,
  });
  expect(await isPart(half)).toBe(true);
});

test('[DL6] cancelling throws the reason and keeps the part', async () => {
  const hub = await startHub({content, stopAfterBytes: () => half});
  const stop = new AbortController();
  const stopped = new Error('stopped by the person');
  const onProgress = (receivedBytes: number) => {
    if (receivedBytes === half) stop.abort(stopped);
  };
  await expect(download(hub.url, {onProgress, signal: stop.signal})).rejects.toBe(stopped);
  expect(await isPart(half)).toBe(true);
});

test.skipIf(process.platform !== 'linux')(
  '[DL6] a full disk is an error, not a bad source',
  async () => {
    const hub = await startHub({content});
    await symlink('/dev/full', partPath);
    await expect(download(hub.url)).rejects.toMatchObject({code: 'ENOSPC'});
  },
);
