import {WeftError} from '../base/errors.ts';
import {oneSentence} from './one-sentence.ts';

/** The part of a model file that Weft cannot run. */
export type UnsupportedPart =
  | 'file'
  | 'architecture'
  | 'storage type'
  | 'tensor'
  | 'metadata'
  | 'RoPE variant'
  | 'attention variant';

type Unsupported = {
  readonly part: UnsupportedPart;
  /** All that the file has of it, each in words for people. */
  readonly found: readonly string[];
  /** What to take or do, in words: "take …". */
  readonly instead: string;
};

type Detail = Unsupported & {readonly code: 'MODEL_UNSUPPORTED'};

/** A sound model file that asks for something Weft does not do. */
export class ModelUnsupportedError extends WeftError<Detail> {
  override readonly name = 'ModelUnsupportedError';

  constructor(unsupported: Unsupported) {
    const {part, found, instead} = unsupported;
    const verb = found.length === 1 ? 'is' : 'are';
    super(
      {code: 'MODEL_UNSUPPORTED', ...unsupported},
      oneSentence(
        `Cannot run this model: ${part} ${listOf(found)} ${verb} not supported; ${instead}`,
      ),
    );
  }
}

/** A sentence has room for so many. */
const MOST_NAMED = 8;

function listOf(found: readonly string[]): string {
  const more = found.length - MOST_NAMED;
  const named = found.slice(0, MOST_NAMED).join(', ');
  return more > 0 ? `${named} and ${more} more` : named;
}
