import {WeftError} from '../errors.ts';

type Detail = {readonly code: 'MODEL_UNREADABLE'; readonly reason: string};

/** The file is no GGUF file, is cut short, or contradicts itself. */
export class ModelUnreadableError extends WeftError<Detail> {
  override readonly name = 'ModelUnreadableError';

  constructor(reason: string, options?: ErrorOptions) {
    super({code: 'MODEL_UNREADABLE', reason}, `Cannot read the model file: ${reason}`, options);
  }
}
