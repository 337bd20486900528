import {WeftError} from '../../../base/errors.ts';
import {oneSentence} from '../../one-sentence.ts';

/** Why text cannot be turned into the token ids of a model. */
type TextPart =
  | 'vocabulary'
  | 'pre-tokenizer'
  | 'merges'
  | 'control tokens'
  | 'end tokens'
  | 'tokenizer setting'
  | 'chat template'
  | 'context';

type Detail = {
  readonly code: 'TEXT_UNSUPPORTED';
  readonly part: TextPart;
  /** What the file has, and what it should have. */
  readonly reason: string;
};

/**
 * Weft cannot turn text into ids of this model's tokens, or the answer back into text.
 * The model itself may run: for prompts that are token ids.
 */
export class TextUnsupportedError extends WeftError<Detail> {
  override readonly name = 'TextUnsupportedError';

  constructor(part: TextPart, reason: string, options?: ErrorOptions) {
    super(
      {code: 'TEXT_UNSUPPORTED', part, reason},
      oneSentence(`Cannot chat with this model: ${part}: ${reason}`),
      options,
    );
  }
}
