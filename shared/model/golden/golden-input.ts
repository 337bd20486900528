import {roundToWire} from '../storage/format/binary16.ts';
import {scatter} from './scatter.ts';

/** As long as a piece that a GPU is tested with anyway. */
const GOLDEN_TOKENS = 20;
/** Small, so that what a layer adds is not lost beside what goes past it. */
const LARGEST_VALUE = 2 ** -4;

/** Tokens of the golden test of a model whose context ends there. */
export function goldenTokens(contextTokens: number): number {
  return Math.min(GOLDEN_TOKENS, contextTokens);
}

/** What enters every cell: `[tokenCount, hiddenSize]`, row major; made up, and exact in f16. */
export function goldenHidden(
  hiddenSize: number,
  tokenCount = GOLDEN_TOKENS,
): Float32Array<ArrayBuffer> {
  return Float32Array.from({length: tokenCount * hiddenSize}, (_, at) =>
    roundToWire((scatter(at) / 2 ** 31 - 1) * LARGEST_VALUE),
  );
}

/** What enters the embedding: tokens from all over the vocabulary. */
export function goldenTokenIds(
  vocabularySize: number,
  tokenCount = GOLDEN_TOKENS,
): readonly number[] {
  return Array.from({length: tokenCount}, (_, at) =>
    Math.floor(((at + 0.5) * vocabularySize) / tokenCount),
  );
}
