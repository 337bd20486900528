import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {sha256} from '#shared/testing/sha256.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {isWeftError} from '../../base/errors.ts';
import {memoryByteSource} from '../byte-source.ts';
import {makeManifest} from './make-manifest.ts';
import {parseGguf} from '../gguf/parse-gguf.ts';

const sound = tinyGguf({seed: 3, shape: {layerCount: 1}});
const {headerByteLength} = await parseGguf(memoryByteSource(sound));

const CODES = new Set(['MODEL_UNREADABLE', 'MODEL_UNSUPPORTED', 'TEXT_UNSUPPORTED']);

/** The code with which a file is refused; `null` when it is taken. */
async function refusalOf(bytes: Uint8Array<ArrayBuffer>): Promise<string | null> {
  const source = memoryByteSource(bytes);
  try {
    const gguf = await parseGguf(source);
    const file = {gguf, source, fileSha256: await sha256(bytes), sha256};
    await makeManifest({id: 'x', cutEvery: 1, prompts: 'chat', ...file});
    return null;
  } catch (error) {
    if (!isWeftError(error) || !CODES.has(error.detail.code)) throw error;
    expect(error.message).toMatch(/^Cannot [^\p{Cc}]{1,1100}$/u);
    return error.detail.code;
  }
}

test('[MD16] a file whose header is damaged anywhere is taken or refused in one sentence', async () => {
  const damage = fc.record({
    at: fc.nat({max: headerByteLength - 8}),
    with: fc.oneof(
      fc.uint8Array({minLength: 1, maxLength: 8}),
      fc.constantFrom(...[2n ** 60n, 2n ** 63n, 2n ** 32n, 0n].map(littleEndian)),
    ),
  });
  const refusals = new Set<string | null>();
  await fc.assert(
    fc.asyncProperty(fc.array(damage, {minLength: 1, maxLength: 3}), async (wounds) => {
      const bytes = sound.slice();
      for (const wound of wounds) bytes.set(wound.with, wound.at);
      refusals.add(await refusalOf(bytes));
    }),
    {numRuns: 300},
  );
  // Or this test would not reach what it is about.
  expect(refusals).toEqual(new Set([null, ...CODES]));
});

test('[MD16] a file that is cut anywhere is refused as unreadable', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({max: sound.byteLength - 1}), async (length) => {
      expect(await refusalOf(sound.slice(0, length))).toBe('MODEL_UNREADABLE');
    }),
  );
});

function littleEndian(value: bigint): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, value, true);
  return bytes;
}
