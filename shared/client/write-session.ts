import {unreachable} from '#shared/base/assert.ts';
import {encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {encodeFrame} from '#shared/protocol/frame/frame.ts';
import type {ManifestHash, PeerId, SessionId} from '#shared/base/ids.ts';
import type {OpenSession} from '#shared/protocol/control/open-session.ts';
import {encodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import type {GenerationAction} from '#shared/session/generation/state/generation-action.ts';
import type {GenerationRequest} from './reader-event.ts';

/** What an answer sends down its chain. */
export type SentAction = Extract<
  GenerationAction,
  {readonly kind: 'open' | 'replay' | 'feed' | 'close'}
>;

export type SessionContext = {
  readonly sessionId: SessionId;
  readonly clientId: PeerId;
  readonly manifestHash: ManifestHash;
  readonly request: GenerationRequest;
};

/** What an answer says to its hops, as a frame for the head, or for the hop that is closed. */
export function encodeAction(context: SessionContext, action: SentAction): Uint8Array {
  const {sessionId} = context;
  const {epoch} = action;
  const address = {sessionId, epoch, hopIndex: 0};
  switch (action.kind) {
    case 'open':
      return encodeControlFrame(address, openingOf(context, action));
    case 'replay': {
      const {hopIndex, position} = action;
      return encodeControlFrame(address, {kind: 'replay-from', epoch, hopIndex, position});
    }
    case 'close':
      return encodeControlFrame(address, {kind: 'close-session', reason: action.reason});
    case 'feed':
      return encodeFrame({
        ...address,
        kind: 'tokens',
        dtype: 'u32',
        sample: action.sample,
        verify: false,
        position: action.position,
        tokenCount: action.tokenIds.length,
        payload: encodeTokenIds(action.tokenIds),
      });
    default:
      return unreachable(action);
  }
}

function openingOf(
  {clientId, manifestHash, request}: SessionContext,
  {epoch, keep, hops, warmPositions}: Extract<SentAction, {readonly kind: 'open'}>,
): OpenSession {
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
    sampling,
  };
}
