import * as fc from 'fast-check';
import {expect, test} from 'vitest';
import {damageFile, randomHeader} from '#shared/testing/damaged-files/damage-file.ts';
import {tryFile} from '#shared/testing/damaged-files/try-file.ts';
import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import {sha256} from '#shared/testing/sha256.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {memoryByteSource} from '../byte-source.ts';
import {parseGguf} from '../gguf/parse-gguf.ts';

const sound = tinyGguf({seed: 3, shape: {layerCount: 1}});
const {headerByteLength} = await parseGguf(memoryByteSource(sound));
/** Header twice, each tensor once: whatever a header says, no more is read. */
const MOST_READS = 3;

test('[MD16] a file whose header is damaged anywhere is taken or refused in one sentence', async () => {
  const random = seededRandom(16);
  const outcomes = new Map<string, number>();
  for (let file = 0; file < 300; file += 1) {
    const bytes = damageFile(sound, {headerByteLength, random});
    const {outcome, readBytes} = await tryFile(bytes, sha256);
    expect(readBytes).toBeLessThanOrEqual(MOST_READS * bytes.byteLength);
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
  }
  // Or this test would not reach what it is about.
  expect([...outcomes.keys()].toSorted()).toEqual([
    'MODEL_UNREADABLE',
    'MODEL_UNSUPPORTED',
    'TEXT_UNSUPPORTED',
    'taken',
  ]);
});

test('[MD16] a header of random bytes is refused as unreadable', async () => {
  const random = seededRandom(17);
  for (let file = 0; file < 300; file += 1) {
    const {outcome} = await tryFile(randomHeader(1 + Math.floor(random() * 400), random), sha256);
    expect(outcome).toMatch(/^MODEL_UN(READABLE|SUPPORTED)$/u);
  }
});

test('[MD16] a file that is cut anywhere is refused as unreadable', async () => {
  await fc.assert(
    fc.asyncProperty(fc.nat({max: sound.byteLength - 1}), async (length) => {
      expect(await tryFile(sound.slice(0, length), sha256)).toMatchObject({
        outcome: 'MODEL_UNREADABLE',
      });
    }),
  );
});
