import {crossBoundary, packHidden} from '../hidden-state.ts';
import type {ShardInput} from '../shard-runner.ts';

/** A hidden state for tests of an engine: numbers in [−1, 1) that depend on their place only. */
export function madeUpInput(piece: {
  readonly position: number;
  readonly tokenCount: number;
  readonly hiddenSize: number;
}): Extract<ShardInput, {kind: 'hidden'}> {
  const {position, tokenCount, hiddenSize} = piece;
  const first = position * hiddenSize;
  const hidden = Float32Array.from({length: tokenCount * hiddenSize}, (_, at) => {
    const mixed = Math.imul((first + at) ^ 0x5bd1e995, 0x9e3779b1);
    return ((mixed ^ (mixed >>> 15)) >> 8) / 2 ** 23;
  });
  crossBoundary(hidden);
  return {kind: 'hidden', ...packHidden(hidden)};
}
