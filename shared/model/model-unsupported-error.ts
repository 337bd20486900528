import {WeftError} from '../errors.ts';

/** The part of a model file that Weft cannot run. */
export type UnsupportedPart =
  | 'architecture'
  | 'quantisation'
  | 'tokenizer'
  | 'tensor'
  | 'RoPE variant'
  | 'attention variant';

type Detail = {
  readonly code: 'MODEL_UNSUPPORTED';
  readonly part: UnsupportedPart;
  /** What the file has. */
  readonly found: string;
  /** What would have run. */
  readonly supported: readonly string[];
};

/** A sound model file that asks for something Weft does not do. */
export class ModelUnsupportedError extends WeftError<Detail> {
  override readonly name = 'ModelUnsupportedError';

  constructor(part: UnsupportedPart, found: string, supported: readonly string[]) {
    super(
      {code: 'MODEL_UNSUPPORTED', part, found, supported},
      `Cannot run this model: ${part} "${found}" is not supported (supported: ${supported.join(', ')})`,
    );
  }
}
