import {asSessionId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import {EngineError} from '../engine-error.ts';
import {valuesOf} from '../hidden-state.ts';
import {fitPieces, sumOf} from './fit-pieces.ts';
import {madeUpInput} from './made-up-input.ts';
import {MAX_RELATIVE_ERROR, relativeError} from './relative-error.ts';
import {runStep} from '../run-step.ts';
import type {ShardOutput, ShardRunner} from '../shard-runner.ts';

const SESSION = asSessionId('engine-comparison');
/** One piece longer than where other kernels of attention begin, and two steps behind it. */
const PIECES: readonly number[] = [40, 1, 1];
/** Positions that the comparison needs in a cache, where the model has as many. */
export const COMPARED_TOKENS = sumOf(PIECES);
/** Logits that decide about a token. */
const COMPARED_LOGITS = 32;

export type EngineComparison = {
  /** The engine in question, and one that is known to be right. */
  readonly candidate: ShardRunner;
  readonly reference: ShardRunner;
  /** Layers that both hold, ends on the cut grid. */
  readonly range: LayerRange;
  /** Whether both hold the LM head behind the range. */
  readonly hasLmHead: boolean;
  readonly hiddenSize: number;
  /** Where the model ends. */
  readonly contextTokens: number;
};

/**
 * Runs the same made-up hidden states through two engines.
 *
 * @throws {EngineError} `ENGINES_DISAGREE` when a row or the likeliest logits differ by
 *   more than rounding; what the engines throw themselves.
 */
export async function compareEngines(comparison: EngineComparison): Promise<void> {
  const {candidate, reference, hiddenSize} = comparison;
  const outputs = comparison.hasLmHead ? (['hidden', 'logits'] as const) : (['hidden'] as const);
  for (const output of outputs) {
    const expected = await runPieces(reference, comparison, output);
    const actual = await runPieces(candidate, comparison, output);
    for (const [at, result] of expected.entries()) {
      const error = errorOf(actual[at], result, hiddenSize);
      if (!(error <= MAX_RELATIVE_ERROR)) throw enginesDisagree(error);
    }
  }
}

async function runPieces(
  runner: ShardRunner,
  {range, hiddenSize, contextTokens}: EngineComparison,
  output: 'hidden' | 'logits',
): Promise<readonly ShardOutput[]> {
  const pieces = fitPieces(PIECES, contextTokens);
  await runner.openSession(SESSION, sumOf(pieces));
  try {
    const results: ShardOutput[] = [];
    let position = 0;
    for (const tokenCount of pieces) {
      const input = madeUpInput({position, tokenCount, hiddenSize});
      const step = {sessionId: SESSION, position, tokenCount, input, range, output};
      results.push(await runStep(runner, step));
      position += tokenCount;
    }
    return results;
  } finally {
    await runner.closeSession(SESSION);
  }
}

function errorOf(
  actual: ShardOutput | undefined,
  expected: ShardOutput,
  hiddenSize: number,
): number {
  if (expected.kind === 'hidden' && actual?.kind === 'hidden') {
    return relativeError(valuesOf(actual), valuesOf(expected), hiddenSize);
  }
  if (expected.kind === 'logits' && actual?.kind === 'logits') {
    return errorOfLogits(actual.top, expected.top);
  }
  return Number.POSITIVE_INFINITY;
}

/** The likeliest tokens of one engine, as the other sees them; a token that it does not list counts as 0. */
function errorOfLogits(actual: TopLogits, expected: TopLogits): number {
  const found = new Map(Array.from(actual.tokenIds, (id, at) => [id, actual.logits[at] ?? 0]));
  const likeliest = expected.tokenIds.subarray(0, COMPARED_LOGITS);
  return relativeError(
    Float32Array.from([...likeliest, null], (id) =>
      id === null ? actual.logSumExp : (found.get(id) ?? 0),
    ),
    Float32Array.from([...expected.logits.subarray(0, likeliest.length), expected.logSumExp]),
    likeliest.length + 1,
  );
}

function enginesDisagree(error: number): EngineError {
  const share = Number.isFinite(error) ? `by ${Math.round(error * 1000) / 10} %` : 'altogether';
  return new EngineError(
    {code: 'ENGINES_DISAGREE', relativeError: error},
    `The GPU gives other numbers than the CPU for the same layers: they differ ${share}`,
  );
}
