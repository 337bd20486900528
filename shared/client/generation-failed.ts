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
  /** Hops that may be to blame in its place: it is their word, or came through them. */
  readonly orElse: readonly PeerId[];
  readonly tokensShown: number;
};

/** An answer ended before it was complete, and no other chain could take it over. */
export class GenerationFailedError extends WeftError<Detail> {
  override readonly name = 'GenerationFailedError';

  constructor(detail: Detail, options?: ErrorOptions) {
    const {code, tokensShown} = detail;
    super(
      detail,
      `${stoppedAfter(tokensShown)}: ${whatWasWrong(code)}${whoIsToBlame(detail)}; ask again`,
      options,
    );
  }
}

/** How the sentence begins that says why an answer ended early. */
export function stoppedAfter(tokensShown: number): string {
  const tokens = tokensShown === 1 ? '1 token' : `${tokensShown} tokens`;
  return `The answer stopped after ${tokens}`;
}

/** More ids than that, nobody reads. */
const MOST_NAMED = 3;

function whoIsToBlame({peerId, orElse}: Detail): string {
  if (peerId === null) return '';
  const names = orElse.map((hop) => `"…${shortPeerId(hop)}"`).join(' or ');
  const others = orElse.length > MOST_NAMED ? `one of ${orElse.length} others` : names;
  return ` (peer "…${shortPeerId(peerId)}"${others === '' ? '' : `, unless it was ${others}`})`;
}

function whatWasWrong(code: FailureCode): string {
  return code === 'PEER_LIED'
    ? 'the peer refused for a reason that is not true'
    : REFUSALS[code].says;
}
