import {WeftError} from '../base/errors.ts';
import type {PeerId} from '../base/ids.ts';
import {shortPeerId} from '../base/short-peer-id.ts';
import {REFUSALS, type RefusalCode} from '../protocol/control/refusal-code.ts';

type Detail = {
  readonly code: RefusalCode;
  /** The hop that is to blame, when it is known. */
  readonly peerId: PeerId | null;
  readonly tokensShown: number;
};

/** An answer ended before it was complete, and no other chain could take it over. */
export class GenerationFailedError extends WeftError<Detail> {
  override readonly name = 'GenerationFailedError';

  constructor(detail: Detail, options?: ErrorOptions) {
    const who = detail.peerId === null ? '' : ` (peer "…${shortPeerId(detail.peerId)}")`;
    super(
      detail,
      `The answer stopped after ${detail.tokensShown} tokens: ${REFUSALS[detail.code].says}${who}; ask again`,
      options,
    );
  }
}
