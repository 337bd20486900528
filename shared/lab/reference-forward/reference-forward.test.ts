import {expect, test} from 'vitest';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {memoryByteSource} from '../../model/byte-source.ts';
import {parseGguf} from '../../model/gguf/parse-gguf.ts';
import {greedyReference} from './greedy-reference.ts';
import {ReferenceForward} from './reference-forward.ts';

const PROMPT_IDS = [5, 77, 140, 9, 231, 60, 18, 204];

/** The best three of each step, by a forward in numpy, float64, on the same file. */
const BY_NUMPY = {
  none: [
    [
      [79, 2.7964357],
      [160, 2.3688559],
      [146, 2.1450079],
    ],
    [
      [79, 2.7122862],
      [223, 2.4681091],
      [155, 2.3686379],
    ],
    [
      [79, 2.6331877],
      [155, 2.4187058],
      [223, 2.2213696],
    ],
  ],
  grid: [
    [
      [79, 2.7960031],
      [160, 2.3691267],
      [146, 2.1451016],
    ],
    [
      [79, 2.7123667],
      [223, 2.4679603],
      [155, 2.3681628],
    ],
    [
      [79, 2.6331784],
      [155, 2.4173753],
      [223, 2.2210751],
    ],
  ],
} as const;

for (const rounding of ['none', 'grid'] as const) {
  test(`[OR1] the reference gives what numpy gives, rounding: ${rounding}`, async () => {
    const file = tinyGguf({seed: 21, shape: {layerCount: 3}});
    const gguf = await parseGguf(memoryByteSource(file));
    const forward = new ReferenceForward({gguf, file, cutEvery: rounding === 'grid' ? 2 : null});
    const steps = greedyReference(forward, {promptIds: PROMPT_IDS, maxNewTokens: 3, topCount: 3});
    expect(steps.map(({top}) => top.map(({id}) => id))).toEqual(
      BY_NUMPY[rounding].map((step) => step.map(([id]) => id)),
    );
    const logits = steps.flatMap(({top}) => top.map(({logit}) => logit));
    const expected = BY_NUMPY[rounding].flatMap((step) => step.map(([, logit]) => logit));
    const errors = logits.map((logit, at) => Math.abs(logit - (expected[at] ?? Number.NaN)));
    expect(Math.max(...errors)).toBeLessThan(1e-6);
    expect(steps[0]?.margin).toBeCloseTo((expected[0] ?? 0) - (expected[1] ?? 0), 6);
  });
}
