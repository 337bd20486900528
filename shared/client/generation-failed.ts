import {WeftError} from '../base/errors.ts';
import type {PeerId} from '../base/ids.ts';
import {shortPeerId} from '../base/short-peer-id.ts';
import {REFUSALS, type RefusalCode} from '../protocol/control/refusal-code.ts';

/** `PEER_LIED`: a hop refused for a reason that the client knows to be false; its code says nothing. */
export type FailureCode = Exclude<RefusalCode, 'PROMPT_TOO_LONG'> | 'PEER_LIED';

type Detail = {
  readonly code: FailureCode;
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
      `The answer stopped after ${detail.tokensShown} tokens: ${whatWasWrong(detail.code)}${who}; ask again`,
      options,
    );
  }
}

function whatWasWrong(code: FailureCode): string {
  return code === 'PEER_LIED'
    ? 'the peer refused for a reason that is not true'
    : REFUSALS[code].says;
}
