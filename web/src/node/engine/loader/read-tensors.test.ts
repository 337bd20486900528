import {expect, test} from 'vitest';
import {sha256} from '#shared/testing/sha256.ts';
import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import {
  FILE,
  honest,
  serveScript,
  type Answer,
} from '#shared/client/download/testing/scripted-server.ts';
import {PATIENCE} from '#shared/client/download/patience.ts';
import {readTensors} from './read-tensors.ts';

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

const read = (
  url: string,
  entries: readonly TensorEntry[],
  options: {onBytes?: (count: number) => void; signal?: AbortSignal} = {},
) =>
  readTensors({
    url,
    entries,
    onBytes: () => undefined,
    onTensor: async () => {},
    signal: new AbortController().signal,
    patience: {...PATIENCE, firstPauseMs: 1, quietMs: 20},
    ...options,
  });

const failing = (detail: object): unknown =>
  expect.objectContaining({detail: expect.objectContaining(detail)});

test('[WT1] neighbours come in one read, across alignment gaps, and nothing else is read', async () => {
  const {url, ranges} = await serveScript(honest);
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
  const {url} = await serveScript(({start, end}, response) => {
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
  ['short', (_, response) => response.writeHead(206).end(), 206, /0 of 100 bytes came/u],
  ['long', (_, response) => response.writeHead(206).end(FILE), 206, /more than the 100 bytes/u],
])(
  '[WT3] an answer that does not hold the bytes is refused: %s',
  async (_, answer, status, reason) => {
    const {url} = await serveScript(answer);
    const reading = read(url, [await entryOf('b', 480, 100)]);
    await expect(reading).rejects.toThrow(failing({code: 'WEIGHTS_UNREACHABLE', url, status}));
    await expect(reading).rejects.toThrow(reason);
  },
);

test('[WT4] a connection that breaks or never opens is unreachable, not a crash', async () => {
  const {url} = await serveScript((_, response) => response.destroy());
  const reading = read(url, [await entryOf('b', 480, 100)]);
  await expect(reading).rejects.toThrow(
    failing({code: 'WEIGHTS_UNREACHABLE', status: null, fault: 'no-connection'}),
  );
});

test('[WT5] aborting rejects with the reason of the signal', async () => {
  const controller = new AbortController();
  const {url} = await serveScript(() => {
    controller.abort(new Error('no longer wanted'));
  });
  const reading = read(url, [await entryOf('b', 480, 100)], {signal: controller.signal});
  await expect(reading).rejects.toThrow('no longer wanted');
});

test('[WT6] at most three reads run at once, and when one fails for good the others end', async () => {
  let openCount = 0;
  let askedCount = 0;
  const {url, ranges} = await serveScript((_, response) => {
    openCount += 1;
    askedCount += 1;
    response.on('close', () => (openCount -= 1));
    // The others wait for ever.
    if (askedCount === 3) response.writeHead(404).end();
  });
  const entries = await Promise.all(
    [0, 2000, 4000, 6000, 8000].map((offset) => entryOf(`at ${offset}`, offset, 100)),
  );
  await expect(read(url, entries)).rejects.toThrow(failing({status: 404}));
  await expect.poll(() => openCount).toBe(0);
  expect(ranges).toHaveLength(3);
});
