import {WeftError} from '../../base/errors.ts';
import type {PeerId} from '../../base/ids.ts';
import {decodeControlFrame} from '../frames/control-frame.ts';
import type {Message} from '../../protocol/control/message.ts';
import type {Transport} from '../transport.ts';
import {CLIENT_HOP, parseFrame, type Frame} from '../../protocol/frame/frame.ts';
import {ControlPost} from './control-post.ts';

export type FrameReceivers = {
  /** Answers that this node asked for; it says whether the frame belongs to one. */
  readonly client: {receive(from: PeerId, frame: Frame): boolean};
  /** Answers that this node serves a part of; `null` when it lends nothing. */
  readonly hop: () => {receive(from: PeerId, frame: Frame): void} | null;
  /** Bytes that are not a frame. */
  readonly onMalformed: (from: PeerId) => void;
};

/**
 * Hands every frame of the transport to the client or to the hop of this node.
 * An opening that finds no hop is refused, so that nobody waits for a tab that stopped lending.
 * A session that somebody opened in the name of this node is closed at once, so that no tail
 * goes on to send what nobody here asked for.
 */
export function routeFrames(transport: Transport, receivers: FrameReceivers): () => void {
  const post = new ControlPost(transport);
  return transport.onFrame((from, bytes) => {
    let frame: Frame;
    try {
      frame = parseFrame(bytes);
    } catch (error) {
      if (!(error instanceof WeftError)) throw error;
      receivers.onMalformed(from);
      return;
    }
    if (frame.hopIndex === CLIENT_HOP) {
      const isAsked = receivers.client.receive(from, frame);
      if (!isAsked && isMessage(frame, 'session-ready')) closeSession(post, from, frame);
    } else {
      const hop = receivers.hop();
      if (hop !== null) hop.receive(from, frame);
      else if (isMessage(frame, 'open-session')) refuseOpening(post, from, frame);
    }
  });
}

function isMessage(frame: Frame, kind: Message['kind']): boolean {
  if (frame.kind !== 'control') return false;
  try {
    return decodeControlFrame(frame).kind === kind;
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return false; // No hop, no count: there is nobody whom this frame could harm.
  }
}

function closeSession(post: ControlPost, to: PeerId, {sessionId, epoch}: Frame): void {
  // To the hop part of that node; which hop it is, it knows by the session.
  post.send(to, {sessionId, epoch, hopIndex: 0}, {kind: 'close-session', reason: 'failed'});
}

function refuseOpening(
  post: ControlPost,
  to: PeerId,
  {sessionId, epoch, hopIndex: own}: Frame,
): void {
  const hopIndex = own === 0 ? CLIENT_HOP : own - 1;
  const message = {kind: 'session-failed', hopIndex: own, code: 'NOT_SERVING'} as const;
  post.send(to, {sessionId, epoch, hopIndex}, message);
}
