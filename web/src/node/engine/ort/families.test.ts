import {afterAll, beforeAll, expect, test, vi} from 'vitest';
import {assert} from '#shared/base/assert.ts';
import {asSessionId} from '#shared/base/ids.ts';
import {
  compareWithEngine,
  smallestFaults,
  type Given,
  type WholeFile,
} from '#shared/lab/reference-forward/compare-with-engine.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {WINDOW_SPARE_TOKENS} from '#shared/model/layer-kind.ts';
import type {GgufFile} from '#shared/model/gguf/gguf-file.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {LLAMA, TINY_FAMILIES, type TinyFamily} from '#shared/testing/tiny-models/tiny-families.ts';
import type {ShardOutput, ShardRunner} from '../shard-runner.ts';
import {hiddenBehindCells} from '../testing/hidden-behind-cells.ts';
import {openTinyShard} from '../testing/open-tiny-shard.ts';
import {inSessions, runPieces, stepOf} from '../testing/run-pieces.ts';

const A = asSessionId('a');
const B = asSessionId('b');
const C = asSessionId('c');
/** Token by token go the last of a prompt: before them, pieces of any length have shown the same. */
const ONE_BY_ONE = 48;
/** Of logits, from the same f16 at every boundary. */
const TOLERANCE = 1e-4;

beforeAll(() => void vi.stubGlobal('crossOriginIsolated', false));
afterAll(() => void vi.unstubAllGlobals());

const promptOf = (length: number): readonly number[] =>
  Array.from({length}, (_, at) => 3 + ((at * 37) % 250));

test.each(Object.entries(TINY_FAMILIES))(
  '[GR11] the family %s says what the reference says, in any pieces and company',
  {timeout: 300_000},
  async (_, family) => {
    // Longer than a window of the tiny families, and than the steps by which room for a cache grows.
    const prompt = promptOf(40);
    const model = await openTiny(family, {seed: 11, cutEvery: 2, kvTokens: 3 * 48});
    const run = {prompt, pieceTokens: [1, 16, 33], kvTokens: 48};
    const {whole} = await expectSameBits(model.runner, run);
    const {unexplained, error} = compareWithEngine(...(await givenBy(model, whole, run)));
    expect(unexplained).toBe(0);
    expect(error).toBeLessThan(TOLERANCE);
  },
);

test('[OR2] [GR11] the reference follows an engine, and sees a tensor that is a hundredth too large', async () => {
  const prompt = promptOf(40);
  const model = await openTiny(LLAMA, {seed: 11, cutEvery: 2, kvTokens: 48});
  const run = {prompt, kvTokens: 48};
  const whole = await inSessions(model.runner, {sessionIds: [A], kvTokens: 48}, () =>
    runPieces(model.runner, A, {tokenIds: prompt, pieceTokens: prompt.length}),
  );
  const faults = smallestFaults(...(await givenBy(model, whole, run)), TOLERANCE);
  expect(Object.keys(faults)).toHaveLength(11);
  expect(Math.max(...Object.values(faults))).toBeLessThanOrEqual(1.01);
});

test.each([16, 64, 128, 256])(
  '[GR12] with heads of %s the bits of a long context do not depend on pieces and company',
  {timeout: 300_000},
  async (headSize) => {
    const shape = {layerCount: 3, headCount: 2, kvHeadCount: 1, contextTokens: 1024};
    const family = {architecture: 'llama', headSize, shape};
    // A product sums so many positions at once, and then those sums: 128 × 1, 2, 4 or 8.
    const prompt = promptOf(600);
    const {runner} = await openTiny(family, {seed: 12, cutEvery: 1, kvTokens: 3 * 608});
    const run = {prompt, pieceTokens: [1, 33, 64], kvTokens: 608};
    expect(await expectSameBits(runner, run)).toMatchObject({whole: {kind: 'logits'}});
  },
);

test.each(['gemma3', 'gemma2'])(
  '[GR12] [KV10] windows forget, and the bits of %s do not depend on pieces and company',
  {timeout: 300_000},
  async (architecture) => {
    const family = TINY_FAMILIES[architecture];
    assert(family !== undefined, 'there is a tiny model of it');
    // A position lies where another lay, for the second time.
    const prompt = promptOf(2 * (16 + WINDOW_SPARE_TOKENS) + 40);
    const kvTokens = prompt.length + 8;
    const shape = {contextTokens: 1024, layerCount: architecture === 'gemma3' ? 6 : 2};
    const model = await openTiny(
      {...family, shape: {...family.shape, ...shape}},
      {seed: 14, cutEvery: shape.layerCount, kvTokens: 3 * kvTokens},
    );
    const run = {prompt, pieceTokens: [1, 33, 128], kvTokens};
    const {whole} = await expectSameBits(model.runner, run);
    const {unexplained, error} = compareWithEngine(...(await givenBy(model, whole, run)));
    expect(unexplained).toBe(0);
    expect(error).toBeLessThan(TOLERANCE);
  },
);

type TinyModel = {
  readonly runner: ShardRunner;
  readonly file: Uint8Array<ArrayBuffer>;
  readonly gguf: GgufFile;
  readonly cutEvery: number;
};

async function openTiny(
  family: TinyFamily,
  {
    seed,
    cutEvery,
    kvTokens,
  }: {readonly seed: number; readonly cutEvery: number; readonly kvTokens: number},
): Promise<TinyModel> {
  const file = tinyGguf({seed, family});
  const gguf = await parseGguf(memoryByteSource(file));
  const manifest = await tinyManifest(file, {cutEvery});
  const runner = await openTinyShard(file, {manifest, kvTokens});
  return {runner, file, gguf, cutEvery};
}

/** What an engine gave for a prompt, and its model for the reference. */
async function givenBy(
  {runner, file, gguf, cutEvery}: TinyModel,
  whole: ShardOutput,
  {prompt, kvTokens}: {readonly prompt: readonly number[]; readonly kvTokens: number},
): Promise<readonly [WholeFile, Given]> {
  const behind = await inSessions(runner, {sessionIds: [A], kvTokens}, () =>
    hiddenBehindCells(runner, {sessionId: A, pieces: [prompt], cutEvery}),
  );
  assert(whole.kind === 'logits', 'logits were asked for');
  const {tokenIds, logits} = whole.top;
  const top = Array.from(tokenIds, (id, at) => ({id, logit: logits[at] ?? Number.NaN}));
  return [
    {gguf, file, cutEvery},
    {tokenIds: prompt, tops: [top], behind},
  ];
}

/** A prompt whole and in pieces, and one more token of it and of two shorter ones, together and alone. */
async function expectSameBits(
  runner: ShardRunner,
  run: {
    readonly prompt: readonly number[];
    readonly pieceTokens: readonly number[];
    readonly kvTokens: number;
  },
): Promise<{readonly whole: ShardOutput}> {
  const {prompt, kvTokens} = run;
  const inPieces = (pieceTokens: number): Promise<ShardOutput> =>
    inSessions(runner, {sessionIds: [A], kvTokens}, () =>
      runPieces(runner, A, {
        tokenIds: prompt,
        pieceTokens,
        wholeTokens: pieceTokens === 1 ? Math.max(0, prompt.length - ONE_BY_ONE) : 0,
      }),
    );
  const whole = await inPieces(prompt.length);
  for (const pieceTokens of run.pieceTokens) expect(await inPieces(pieceTokens)).toEqual(whole);
  const lengths = new Map([
    [A, prompt.length],
    [B, prompt.length >> 1],
    [C, 3],
  ]);
  const next = (company: 'together' | 'alone') =>
    inSessions(runner, {sessionIds: [A, B, C], kvTokens}, async () => {
      for (const [sessionId, length] of lengths) {
        const tokenIds = prompt.slice(0, length);
        await runPieces(runner, sessionId, {tokenIds, pieceTokens: length});
      }
      const steps = [...lengths].map(([sessionId, position]) =>
        stepOf(runner, sessionId, {position, tokenIds: [7]}),
      );
      if (company === 'together') return await runner.run(steps);
      return (await Promise.all(steps.map((step) => runner.run([step])))).flat();
    });
  expect(await next('together')).toEqual(await next('alone'));
  return {whole};
}
