import {WeftError} from '../base/errors.ts';
import type {PeerId} from '../base/ids.ts';
import {shortPeerId} from '../base/short-peer-id.ts';
import {MAX_FRAME_BYTES} from '../protocol/frame/frame.ts';

/** May return a promise: until it settles, the frame counts against the sender's window. */
export type FrameListener = (from: PeerId, frame: Uint8Array<ArrayBuffer>) => void | Promise<void>;

/** How much passed between this node and one peer: payload only, counted per frame. */
export type PeerTraffic = {
  readonly peerId: PeerId;
  readonly sentBytes: number;
  readonly sentFrames: number;
  readonly receivedBytes: number;
  readonly receivedFrames: number;
  /** Links that this peer broke by a frame that cannot be. */
  readonly violations: number;
};

/** `silent`: nobody closed anything, but the peer gives no sign of life any more. */
export type LinkLoss = 'closed' | 'silent' | 'violation';

/**
 * Whole frames between two peers, in the order in which they were sent.
 * Rules: RULES.md, TR1–TR12; every adapter runs `transport.contract.ts`.
 *
 * A link is one direct connection: never a relay, so activations never pass a
 * server. After a link is lost, frames that were sent but not received are
 * lost; the next `connect` or `send` opens a fresh one.
 */
export interface Transport {
  readonly localPeerId: PeerId;
  /**
   * Makes sure that there is a link.
   *
   * @throws {TransportError} `PEER_UNREACHABLE`, `ONLY_RELAYED_PATH`.
   */
  connect(to: PeerId, options: {readonly signal: AbortSignal}): Promise<void>;
  /** Waits, as long as the signal allows, until a peer has opened a link by itself: nobody is dialled. */
  awaitLink(from: PeerId, options: {readonly signal: AbortSignal}): Promise<void>;
  /**
   * Resolves once the link has taken the frame; waits while the receiver is
   * behind: awaiting is the back-pressure. Connects first where needed. To
   * oneself it loops back.
   *
   * @param frame ownership moves to the transport. At most `MAX_FRAME_BYTES`.
   * @throws {TransportError} also `FRAME_TOO_LARGE`, `LINK_LOST`.
   */
  send(to: PeerId, frame: Uint8Array, options: {readonly signal: AbortSignal}): Promise<void>;
  /** Round trip of an empty message over the link, behind what is queued. Ms. */
  measureRtt(to: PeerId, options: {readonly signal: AbortSignal}): Promise<number>;
  /** A frame that nobody listens to is dropped. Ownership of the frame moves to the listener. */
  onFrame(listener: FrameListener): () => void;
  /** Once per lost link. */
  onPeerClosed(listener: (peer: PeerId, loss: LinkLoss) => void): () => void;
  traffic(): readonly PeerTraffic[];
  close(): Promise<void>;
}

type Detail =
  | {readonly code: 'PEER_UNREACHABLE'; readonly peerId: PeerId; readonly waitedMs: number}
  | {readonly code: 'ONLY_RELAYED_PATH'; readonly peerId: PeerId}
  | {readonly code: 'PEER_UNASKED'; readonly peerId: PeerId}
  | {readonly code: 'LINK_LOST'; readonly peerId: PeerId}
  | {readonly code: 'FRAME_TOO_LARGE'; readonly frameBytes: number; readonly maxBytes: number}
  | {readonly code: 'TRANSPORT_CLOSED'};

export class TransportError extends WeftError<Detail> {
  override readonly name = 'TransportError';
}

export function peerUnreachable(
  peerId: PeerId,
  waitedMs: number,
  options?: ErrorOptions,
): TransportError {
  return new TransportError(
    {code: 'PEER_UNREACHABLE', peerId, waitedMs},
    `Cannot reach peer "…${shortPeerId(peerId)}": no direct connection after ${Math.round(waitedMs)} ms`,
    options,
  );
}

export function onlyRelayedPath(peerId: PeerId, options?: ErrorOptions): TransportError {
  return new TransportError(
    {code: 'ONLY_RELAYED_PATH', peerId},
    `Cannot send frames to peer "…${shortPeerId(peerId)}": only a relayed path exists, and frames never pass a relay`,
    options,
  );
}

export function linkLost(peerId: PeerId, options?: ErrorOptions): TransportError {
  return new TransportError(
    {code: 'LINK_LOST', peerId},
    `Lost the link to peer "…${shortPeerId(peerId)}" before the frame was taken`,
    options,
  );
}

/** The other side hears only that its stream is over: it has no business here. */
export function unasked(peerId: PeerId): TransportError {
  return new TransportError(
    {code: 'PEER_UNASKED', peerId},
    `Takes no frames of peer "…${shortPeerId(peerId)}": nothing was sent to it`,
  );
}

export function transportClosed(): TransportError {
  return new TransportError({code: 'TRANSPORT_CLOSED'}, 'Cannot send: the transport is closed');
}

/** @throws {TransportError} `FRAME_TOO_LARGE`. */
export function checkFrameLength(frameBytes: number): void {
  if (frameBytes <= MAX_FRAME_BYTES) return;
  throw new TransportError(
    {code: 'FRAME_TOO_LARGE', frameBytes, maxBytes: MAX_FRAME_BYTES},
    `Cannot send a frame of ${frameBytes} bytes: at most ${MAX_FRAME_BYTES}`,
  );
}
