import {WeftError} from '#shared/errors.ts';
import type {PeerId} from '#shared/ids.ts';
import type {Transport} from '#shared/p2p/transport.ts';
import {CLIENT_HOP, parseFrame, type Frame} from '#shared/protocol/frame.ts';

export type FrameReceivers = {
  /** Answers that this node asked for. */
  readonly client: {receive(from: PeerId, frame: Frame): void};
  /** Answers that this node serves a part of; `null` when it lends nothing. */
  readonly hop: () => {receive(from: PeerId, frame: Frame): void} | null;
  /** Bytes that are no frame. */
  readonly onMalformed: (from: PeerId) => void;
};

/** Hands every frame of the transport to the client or to the hop of this node. */
export function routeFrames(transport: Transport, receivers: FrameReceivers): () => void {
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
    else receivers.hop()?.receive(from, frame);
  });
}
