import type {PeerId, SessionId} from '#shared/base/ids.ts';
import {refusalOf} from '#shared/protocol/control/refusal-of.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {encodeFrame, type Frame} from '#shared/protocol/frame/frame.ts';
import {decodeSampledTokens} from '#shared/protocol/frame/sampled-token.ts';
import {encodeTokenMask, type TokenMask} from '#shared/protocol/frame/token-mask.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';
import {decodeControlFrame, encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import type {GuideAction, SentAction} from './generation-run.ts';
import {endOf, eventOf, messageOf, tokensFrame, type AskingClient} from './session-messages.ts';

/** What the machine of an answer wants a hop to have, ready to send. */
export function encodeAction(
  client: AskingClient & {readonly sessionId: SessionId},
  action: SentAction,
): Uint8Array {
  const {epoch} = action;
  const address = {sessionId: client.sessionId, epoch, hopIndex: 0};
  if (action.kind !== 'feed') return encodeControlFrame(address, messageOf(client, action));
  return encodeFrame(tokensFrame(client.sessionId, action));
}

/** The tokens among which the tail of a guided answer samples the next one, ready to send. */
export function encodeMask(
  sessionId: SessionId,
  {epoch, hops, position}: GuideAction,
  allowed: TokenMask,
): Uint8Array {
  const hopIndex = hops.length - 1;
  const asked = {sample: false, verify: false} as const;
  const mask = encodeTokenMask(allowed);
  return encodeFrame({kind: 'mask', ...asked, sessionId, epoch, position, hopIndex, ...mask});
}

/** What a frame says to an answer that these hops serve; `null` when its sender has no say in it. */
export function readFrame(hops: readonly Hop[], from: PeerId, frame: Frame): SeenEvent | null {
  const end = endOf(hops, from);
  if (end === null) return null;
  const {kind, epoch, position} = frame;
  try {
    if (kind === 'control') return eventOf(hops, {from, epoch}, decodeControlFrame(frame));
    if (kind !== 'sampled' || end === 'head') return null;
    return {kind: 'tokens', epoch, position, tokens: decodeSampledTokens(frame)};
  } catch (cause) {
    const code = refusalOf(cause, 'MALFORMED_MESSAGE');
    return {kind: 'refused', epoch, refusal: {code, peerId: from, cause}};
  }
}
