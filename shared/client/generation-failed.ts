import {WeftError} from '../base/errors.ts';
import type {PeerId} from '../base/ids.ts';
import {shortPeerId} from '../base/short-peer-id.ts';
import {showLayers} from '../model/show-layers.ts';
import type {MissingLayers} from '../scheduling/scheduling-event.ts';
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
  /** Layers that no other peer serves; empty where that was not the end. */
  readonly missing: readonly MissingLayers[];
  /** Whether the client saw it itself, or a hop says so. */
  readonly isOwnSight: boolean;
};

/** What a client itself sees of a peer, in place of what hops say of each other. */
const OWN_SIGHT: Readonly<Partial<Record<FailureCode, string>>> = {
  PEER_UNREACHABLE: 'this device cannot reach the peer',
  ONLY_RELAYED_PATH:
    'this device has no direct path to the peer, and activations never pass a server',
  PEER_LEFT: 'the peer closed its link to this device',
};

/** An answer ended before it was complete, and no other chain could take it over. */
export class GenerationFailedError extends WeftError<Detail> {
  override readonly name = 'GenerationFailedError';

  constructor(detail: Detail, options?: ErrorOptions) {
    const {tokensShown} = detail;
    super(
      detail,
      `${stoppedAfter(tokensShown)}: ${whatWasWrong(detail)}${whoIsToBlame(detail)}${whatIsMissing(detail)}; ask again`,
      options,
    );
  }
}

/** How the sentence begins that says why an answer ended early. */
export function stoppedAfter(tokensShown: number): string {
  if (tokensShown === 0) return 'No answer came';
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

function whatWasWrong({code, isOwnSight}: Detail): string {
  if (code === 'PEER_LIED') return 'the peer refused for a reason that is not true';
  return (isOwnSight ? OWN_SIGHT[code] : undefined) ?? REFUSALS[code].says;
}

function whatIsMissing({missing}: Detail): string {
  return missing.length === 0 ? '' : `, and no other serves layers ${showLayers(missing)}`;
}
