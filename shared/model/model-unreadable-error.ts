import {WeftError} from '../base/errors.ts';
import {oneSentence} from './one-sentence.ts';

type Detail = {
  readonly code: 'MODEL_UNREADABLE';
  readonly reason: string;
  /** What to take or do, in words: "take …". */
  readonly instead: string;
};

const WHOLE_FILE = 'take a whole, undamaged file';
/** Where nothing tells damage from a model that nobody computes. */
export const OTHER_FILE = 'it is damaged, or of a model that Weft does not compute: take another';

/** The file is no GGUF file, is cut short, or contradicts itself. */
export class ModelUnreadableError extends WeftError<Detail> {
  override readonly name = 'ModelUnreadableError';

  constructor(reason: string, options: ErrorOptions & {readonly instead?: string} = {}) {
    const {instead = WHOLE_FILE, ...errorOptions} = options;
    super(
      {code: 'MODEL_UNREADABLE', reason, instead},
      oneSentence(`Cannot read the model file: ${reason}; ${instead}`),
      errorOptions,
    );
  }
}
