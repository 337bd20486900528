import type {PeerId} from '#shared/base/ids.ts';
import {decodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {refusalOf} from '#shared/protocol/control/refusal-of.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {decodeSampledTokens} from '#shared/protocol/frame/sampled-token.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';

/** What a frame says to an answer that these hops serve; `null` when its sender has no say in it. */
export function readSession(hops: readonly Hop[], from: PeerId, frame: Frame): SeenEvent | null {
  const isTail = from === hops.at(-1)?.peerId;
  if (!isTail && from !== hops[0]?.peerId) return null;
  const {epoch, position} = frame;
  try {
    if (frame.kind === 'control') return readControl(hops, frame, isTail);
    if (frame.kind !== 'sampled' || !isTail) return null;
    return {kind: 'tokens', epoch, position, tokens: decodeSampledTokens(frame)};
  } catch (cause) {
    const code = refusalOf(cause, 'MALFORMED_MESSAGE');
    return {kind: 'refused', epoch, refusal: {code, peerId: from, cause}};
  }
}

function readControl(hops: readonly Hop[], frame: Frame, isTail: boolean): SeenEvent | null {
  const {epoch} = frame;
  const message = decodeControlFrame(frame);
  switch (message.kind) {
    case 'session-ready':
      return isTail ? {kind: 'ready', epoch, inputFrom: message.inputFrom} : null;
    case 'session-served':
      return isTail ? {kind: 'served', epoch, hops: message.hops} : null;
    case 'session-failed': {
      const peerId = hops[message.hopIndex]?.peerId ?? null;
      return {kind: 'refused', epoch, refusal: {code: message.code, peerId}};
    }
    case 'kept-from': {
      const {hopIndex, position} = message;
      return {kind: 'kept-from', epoch, hopIndex, position};
    }
    default:
      return null;
  }
}
