import {roundToWire} from '../storage/format/binary16.ts';
import {scatter} from './scatter.ts';

/** Tokens of the golden test; as long as a piece that a GPU is tested with anyway. */
export const GOLDEN_TOKENS = 20;
/** Small, so that what a layer adds is not lost beside what goes past it. */
const LARGEST_VALUE = 2 ** -4;

/** What enters every cell: `[GOLDEN_TOKENS, hiddenSize]`, row major; made up, and exact in f16. */
export function goldenHidden(hiddenSize: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({length: GOLDEN_TOKENS * hiddenSize}, (_, at) =>
    roundToWire((scatter(at) / 2 ** 31 - 1) * LARGEST_VALUE),
  );
}

/** What enters the embedding: tokens from all over the vocabulary. */
export function goldenTokenIds(vocabularySize: number): readonly number[] {
  return Array.from({length: GOLDEN_TOKENS}, (_, at) =>
    Math.floor(((at + 0.5) * vocabularySize) / GOLDEN_TOKENS),
  );
}
