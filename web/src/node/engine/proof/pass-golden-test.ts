import {asSessionId} from '#shared/base/ids.ts';
import {cellsOf} from '#shared/model/cut-grid.ts';
import {goldenHidden, goldenTokenIds, goldenTokens} from '#shared/model/golden/golden-input.ts';
import type {GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import {distanceFrom, type Sketch} from '#shared/model/golden/sketch.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import type {ShardShape} from '#shared/model/manifest/shard-tensors.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {showLayers} from '#shared/model/show-layers.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {EngineError} from '../engine-error.ts';
import {packHidden, valuesOf} from '../hidden-state.ts';
import {runStep} from '../run-step.ts';
import type {ShardInput, ShardOutput, ShardRunner} from '../shard-runner.ts';
import {relativeError} from './relative-error.ts';

const SESSION = asSessionId('golden-test');

/** How far from the reference an engine may be, as a part of its numbers. */
export type GoldenTolerance = {
  readonly kind: 'cpu' | 'gpu';
  readonly largestError: number;
};

/** Weights in f32: what is left is where a sum lies near the middle of two f16. */
export const GOLDEN_CPU: GoldenTolerance = {kind: 'cpu', largestError: 2e-4};
/** Functions of a GPU are less exact, and its sums have another order. */
export const GOLDEN_GPU: GoldenTolerance = {kind: 'gpu', largestError: 2e-3};

type GoldenShard = {
  readonly golden: GoldenVectors;
  readonly manifest: Manifest;
  readonly shape: ShardShape;
};

type GoldenSizes = Pick<ModelSpec, 'hiddenSize' | 'contextTokens'>;

/** A part of a shard that is compared by itself. */
export type GoldenPart = LayerRange | 'embedding' | 'lm-head';

/**
 * Whether a loaded shard computes what the outside reference does: each of its cells by itself, and the
 * ends of the model that it holds. Needs room for 20 tokens in its cache, or for the
 * model's context where that is shorter.
 *
 * @throws {EngineError} `GOLDEN_TEST_FAILED`, with the first part that is further off than `tolerance` allows.
 */
export async function passGoldenTest(
  runner: ShardRunner,
  {tolerance, ...shard}: GoldenShard & {readonly tolerance: GoldenTolerance},
): Promise<void> {
  for await (const {part, error} of goldenErrors(runner, shard)) {
    if (!(error <= tolerance.largestError)) throw goldenTestFailed(tolerance, part, error);
  }
}

/** How far each part of a shard is from the reference. */
export async function* goldenErrors(
  runner: ShardRunner,
  {golden, manifest, shape}: GoldenShard,
): AsyncGenerator<{readonly part: GoldenPart; readonly error: number}> {
  const {spec, cutEvery} = manifest;
  const ranges = cellsOf({layerCount: spec.layerCount, cutEvery}, shape.range);
  const tokenCount = goldenTokens(spec.contextTokens);
  for (const range of ranges) {
    const output = await runGoldenInput(runner, {range, spec});
    yield {part: range, error: errorOf(output, golden.cells[range.startLayer / cutEvery])};
  }
  const [first] = ranges;
  if (shape.embedding && first !== undefined) {
    const tokenIds = Uint32Array.from(goldenTokenIds(spec.vocabularySize, tokenCount));
    const input = {kind: 'tokens', tokenIds} as const;
    const output = await runOnce(runner, {input, tokenCount, range: first, output: 'hidden'});
    yield {part: 'embedding', error: errorOf(output, golden.embedding)};
  }
  const last = ranges.at(-1);
  if (shape.lmHead && last !== undefined) {
    const input = goldenInput(spec);
    const output = await runOnce(runner, {input, tokenCount, range: last, output: 'logits'});
    yield {part: 'lm-head', error: errorOfHead(output, golden.lmHead)};
  }
}

/** What one cell makes of the golden hidden states. */
export async function runGoldenInput(
  runner: ShardRunner,
  {range, spec}: {readonly range: LayerRange; readonly spec: GoldenSizes},
): Promise<ShardOutput> {
  const tokenCount = goldenTokens(spec.contextTokens);
  return await runOnce(runner, {input: goldenInput(spec), tokenCount, range, output: 'hidden'});
}

function goldenInput({hiddenSize, contextTokens}: GoldenSizes): ShardInput {
  const hidden = goldenHidden(hiddenSize, goldenTokens(contextTokens));
  return {kind: 'hidden', ...packHidden(hidden)};
}

async function runOnce(
  runner: ShardRunner,
  step: {
    readonly input: ShardInput;
    readonly tokenCount: number;
    readonly range: LayerRange;
    readonly output: 'hidden' | 'logits';
  },
): Promise<ShardOutput> {
  await runner.openSession(SESSION, step.tokenCount);
  try {
    return await runStep(runner, {sessionId: SESSION, position: 0, ...step});
  } finally {
    await runner.closeSession(SESSION);
  }
}

function errorOf(output: ShardOutput, expected: Sketch | undefined): number {
  if (output.kind !== 'hidden' || expected === undefined) return Number.NaN;
  return distanceFrom(expected, valuesOf(output));
}

/** A token that the engine does not list counts as 0. */
function errorOfHead(output: ShardOutput, expected: GoldenVectors['lmHead']): number {
  if (output.kind !== 'logits') return Number.NaN;
  const {tokenIds, logits, logSumExp}: TopLogits = output.top;
  const found = new Map(Array.from(tokenIds, (id, at) => [id, logits[at] ?? 0]));
  const actual = expected.tokenIds.map((id) => found.get(id) ?? 0);
  return relativeError(
    Float32Array.from([...actual, logSumExp]),
    Float32Array.from([...expected.logits, expected.logSumExp]),
    actual.length + 1,
  );
}

function goldenTestFailed({kind}: GoldenTolerance, part: GoldenPart, error: number): EngineError {
  const share = Number.isFinite(error)
    ? `by ${Number((error * 100).toPrecision(2))} %`
    : 'altogether';
  const differs = `gives other numbers in ${showPart(part)} than the model has to: they differ ${share}`;
  const sentence =
    kind === 'gpu'
      ? `The GPU ${differs}`
      : `This device ${differs}, so nothing is served from here: try again, or lend another device`;
  return new EngineError({code: 'GOLDEN_TEST_FAILED', part, relativeError: error}, sentence);
}

function showPart(part: GoldenPart): string {
  switch (part) {
    case 'embedding':
      return 'the embedding';
    case 'lm-head':
      return 'the LM head';
    default:
      return `layers ${showLayers([part])}`;
  }
}
