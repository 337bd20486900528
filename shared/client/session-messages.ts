import {unreachable} from '#shared/base/assert.ts';
import type {ManifestHash, PeerId, SessionId} from '#shared/base/ids.ts';
import type {Message} from '#shared/protocol/control/message.ts';
import type {Hop, OpenSession, Sampling} from '#shared/protocol/control/open-session.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import {encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';
import {hasPenalties, TokenCounts} from '#shared/session/token-bias.ts';
import type {SentAction} from './generation-run.ts';
import type {GenerationRequest} from './reader-event.ts';

export type AskingClient = {
  readonly clientId: PeerId;
  readonly manifestHash: ManifestHash;
  readonly request: GenerationRequest;
  /** Tokens of the answer that its reader has. */
  readonly answered: readonly number[];
};

/** What the machine of an answer wants its hops to hear, as a message for the head, or for the hop that is closed. */
export function messageOf(
  {clientId, manifestHash, request, answered}: AskingClient,
  action: Exclude<SentAction, {readonly kind: 'feed'}>,
): Message {
  const {epoch} = action;
  switch (action.kind) {
    case 'open': {
      const {keep, hops, warmPositions} = action;
      const {promptTokenIds, maxNewTokens, sampling} = request;
      return {
        kind: 'open-session',
        protocolMajor: PROTOCOL_MAJOR,
        protocolMinor: PROTOCOL_MINOR,
        epoch,
        keep,
        manifestHash,
        clientId,
        hopIndex: 0,
        hops: hops.map(({peerId, startLayer, endLayer}, at) => ({
          peerId,
          startLayer,
          endLayer,
          warmPosition: warmPositions[at] ?? 0,
        })),
        promptTokens: promptTokenIds.length,
        maxNewTokens,
        sampling: samplingOf(request),
        ...(answered.length > 0 && hasPenalties(sampling) && {counted: countsOf(answered)}),
      };
    }
    case 'replay': {
      const {hopIndex, position} = action;
      return {kind: 'replay-from', epoch, hopIndex, position};
    }
    case 'close':
      return {kind: 'close-session', reason: action.reason};
    default:
      return unreachable(action);
  }
}

/** How the tail is to sample the tokens of an answer. */
export function samplingOf({sampling, guide}: GenerationRequest): Sampling {
  return guide === undefined ? sampling : {...sampling, guided: true};
}

function countsOf(tokenIds: readonly number[]): OpenSession['counted'] {
  const counts = new TokenCounts();
  for (const tokenId of tokenIds) counts.add(tokenId);
  return counts.entries();
}

/** A piece of the token list as the frame that the head gets. */
export function tokensFrame(
  sessionId: SessionId,
  action: Extract<SentAction, {readonly kind: 'feed'}>,
): Frame {
  const {epoch, position, tokenIds, sample} = action;
  return {
    kind: 'tokens',
    dtype: 'u32',
    sample,
    verify: false,
    sessionId,
    epoch,
    position,
    tokenCount: tokenIds.length,
    hopIndex: 0,
    payload: encodeTokenIds(tokenIds),
  };
}

/** What a message says to the machine of an answer that these hops serve; `null` when its sender has no say in it. */
export function eventOf(
  hops: readonly Hop[],
  {from, epoch}: {readonly from: PeerId; readonly epoch: number},
  message: Message,
): SeenEvent | null {
  const end = endOf(hops, from);
  if (end === null) return null;
  const isTail = end === 'tail';
  switch (message.kind) {
    case 'session-ready':
      return isTail ? {kind: 'ready', epoch, inputFrom: message.inputFrom} : null;
    case 'session-served':
      return isTail ? {kind: 'served', epoch, hops: message.hops} : null;
    case 'session-failed': {
      const {code, hopIndex} = message;
      const peerId = hops[hopIndex]?.peerId;
      // Blame of a hop that there is not is the word of nobody but its sender.
      const refusal =
        peerId === undefined
          ? ({code: 'MALFORMED_MESSAGE', peerId: from} as const)
          : ({code, peerId} as const);
      return {kind: 'refused', epoch, refusal: {...refusal, reportedBy: from}};
    }
    case 'kept-from': {
      // Whoever is asked to replay answers up the chain.
      if (from !== hops[0]?.peerId) return null;
      const {hopIndex, position} = message;
      return {kind: 'kept-from', epoch, hopIndex, position};
    }
    default:
      return null;
  }
}

/** Which end of the chain a peer is; of a chain of one hop the tail. Others have no say at the client. */
export function endOf(hops: readonly Hop[], peerId: PeerId): 'head' | 'tail' | null {
  if (hops.at(-1)?.peerId === peerId) return 'tail';
  return hops[0]?.peerId === peerId ? 'head' : null;
}
