import {WeftError} from '#shared/base/errors.ts';
import type {PeerId} from '#shared/base/ids.ts';
import {decodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {CLIENT_HOP, parseFrame, type Frame} from '#shared/protocol/frame/frame.ts';
import {ControlPost} from './control-post.ts';

export type FrameReceivers = {
  /** Answers that this node asked for. */
  readonly client: {receive(from: PeerId, frame: Frame): void};
  /** Answers that this node serves a part of; `null` when it lends nothing. */
  readonly hop: () => {receive(from: PeerId, frame: Frame): void} | null;
  /** Bytes that are not a frame. */
  readonly onMalformed: (from: PeerId) => void;
};

/**
 * Hands every frame of the transport to the client or to the hop of this node.
 * An opening that finds no hop is refused, so that nobody waits for a tab that stopped lending.
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
    if (frame.hopIndex === CLIENT_HOP) receivers.client.receive(from, frame);
    else {
      const hop = receivers.hop();
      if (hop !== null) hop.receive(from, frame);
      else if (isOpening(frame)) refuseOpening(post, from, frame);
    }
  });
}

function isOpening(frame: Frame): boolean {
  if (frame.kind !== 'control') return false;
  try {
    return decodeControlFrame(frame).kind === 'open-session';
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    return false; // No hop, no count: there is nobody whom this frame could harm.
  }
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
