import {WeftError} from '../../base/errors.ts';

type Detail = {readonly code: 'MALFORMED_FRAME'; readonly reason: string};

/** A peer sent bytes that are not a frame. */
export class MalformedFrameError extends WeftError<Detail> {
  override readonly name = 'MalformedFrameError';

  constructor(reason: string) {
    super({code: 'MALFORMED_FRAME', reason}, `Cannot read a frame: ${reason}`);
  }
}
