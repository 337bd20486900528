import type {Connection, Libp2p, Stream} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import {asPeerId, type PeerId} from '../base/ids.ts';
import {CONNECT_TIMEOUT_MS} from './connect-timeout.ts';
import {ChannelIds} from './channel/channel-id.ts';
import type {LinkChannels} from './channel/link-channels.ts';
import {openReceivingChannel, openSendingChannel} from './channel/open-channel.ts';
import {FrameReceiver} from './frames/frame-receiver.ts';
import {FrameSender} from './frames/frame-sender.ts';
import {BEAT_MS, CHANNEL_FRAMES_PROTOCOL, FRAMES_PROTOCOL} from './frames/frame-wire.ts';
import type {
  ReceivingEvents,
  ReceivingHalf,
  SendingEvents,
  SendingHalf,
} from './frames/link-half.ts';
import {ChannelReceiver} from './channel/channel-receiver.ts';
import {Subflows} from './channel/subflows.ts';
import type {HalfAtPort} from './channel/half-at-port.ts';
import {SilentPeerError} from './frames/silent-peer-error.ts';
import {StreamPipe} from './frames/stream-pipe.ts';
import {DirectConnections, newStream, type OpenedStream} from './direct-connections.ts';
import {isDirectConnection} from './direct-path.ts';
import {TransportBase} from './transport-base.ts';
import {
  checkFrameLength,
  linkLost,
  onlyRelayedPath,
  peerUnreachable,
  transportClosed,
  unasked,
  TransportError,
  type LinkLoss,
  type Transport,
} from './transport.ts';
import {untilAborted} from '../base/until-aborted.ts';

/** Browsers close a fresh data channel now and then, before anything has passed it. */
const CHANNEL_TRIES = 2;
/** Whoever was stopped for longer in the middle of a frame is not waited for. */
const STALL_MS = 30_000;

type Options = {
  readonly libp2p: Libp2p;
  /** What a peer says of where it is: only signaling through a relay is dialled. */
  readonly addressesOf: (peer: PeerId) => readonly string[];
  /** The peer at the other end sends what only costs time. */
  readonly onFlood?: (connection: Connection, why: string) => void;
  /** How long a frame may stop in the middle. */
  readonly stallMs?: number;
  /** How often each side of a link gives a sign of life; all nodes of a swarm have the same. */
  readonly beatMs?: number;
  /** Whether a peer may send frames that has had none from here; by default, any peer may. */
  readonly takesStrangers?: boolean;
  /** Data channels off this thread; without them, or where the peer has none, frames go over streams. */
  readonly channels?: LinkChannels;
};

type OpenedHalf<Half> = {
  readonly half: Half;
  readonly stream: Stream;
  readonly connection: Connection;
};

/** Both halves of a link; either may be missing while the other side has not spoken yet. */
type Link = {
  sending: OpenedHalf<SendingHalf> | null;
  receiving: OpenedHalf<ReceivingHalf> | null;
};

/**
 * Frames over libp2p: one long-lived stream per peer and direction, on a direct
 * connection, with a credit window because data channels have no read
 * back-pressure. Where both sides can, the frames themselves go over a data channel
 * of their own on the same connection, and the stream is there to agree on it and to end.
 */
export async function openLibp2pStreamTransport(options: Options): Promise<Transport> {
  const transport = new Libp2pStreamTransport(options);
  await transport.start();
  return transport;
}

class Libp2pStreamTransport extends TransportBase implements Transport {
  readonly #libp2p: Libp2p;
  readonly #connections: DirectConnections;
  readonly #onFlood: NonNullable<Options['onFlood']>;
  readonly #links = new Map<PeerId, Link>();
  readonly #attempts = new Map<PeerId, Promise<SendingHalf>>();
  readonly #channels: LinkChannels | null;
  readonly #channelIds = new ChannelIds();
  readonly #subflows: Subflows | null;
  readonly #closing = new AbortController();
  readonly #stallMs: number;
  readonly #beatMs: number;
  readonly #takesStrangers: boolean;

  constructor(options: Options) {
    const {libp2p, addressesOf, onFlood = () => undefined} = options;
    const {stallMs = STALL_MS, beatMs = BEAT_MS, channels = null} = options;
    super(asPeerId(libp2p.peerId.toString()));
    this.#takesStrangers = options.takesStrangers ?? true;
    this.#stallMs = stallMs;
    this.#beatMs = beatMs;
    this.#libp2p = libp2p;
    this.#connections = new DirectConnections({libp2p, addressesOf});
    this.#onFlood = onFlood;
    this.#channels = channels;
    const receiverOver = (connection: Connection) => this.#receiverOver(connection);
    const {signal: closing} = this.#closing;
    this.#subflows =
      channels === null ? null : new Subflows({libp2p, channels, receiverOver, closing});
  }

  async start(): Promise<void> {
    const limits = {runOnLimitedConnection: false, maxInboundStreams: 2};
    await this.#libp2p.handle(
      FRAMES_PROTOCOL,
      (stream, connection) => this.#accept({stream, connection}),
      limits,
    );
    const channels = this.#channels;
    if (channels === null) return;
    await this.#libp2p.handle(
      CHANNEL_FRAMES_PROTOCOL,
      async (stream, connection) => this.#acceptChannel({stream, connection}, channels),
      limits,
    );
    await this.#subflows?.start();
  }

  async connect(to: PeerId, {signal}: {readonly signal: AbortSignal}): Promise<void> {
    if (to !== this.localPeerId) await this.#senderTo(to, signal);
  }

  async awaitLink(from: PeerId, {signal}: {readonly signal: AbortSignal}): Promise<void> {
    this.#throwIfClosed();
    if (from === this.localPeerId) return;
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    await this.#connections.awaitDirect(from, ended);
  }

  async send(
    to: PeerId,
    frame: Uint8Array,
    {signal}: {readonly signal: AbortSignal},
  ): Promise<void> {
    const {byteLength} = frame; // What is sent is no longer here.
    checkFrameLength(byteLength);
    if (to === this.localPeerId) {
      this.#throwIfClosed();
      queueMicrotask(() => void this.deliver(to, new Uint8Array(frame)));
    } else {
      const sender = await this.#senderTo(to, signal);
      await this.#orLinkLost(to, signal, sender.send(frame, signal));
    }
    this.meter.sent(to, byteLength);
  }

  async measureRtt(to: PeerId, {signal}: {readonly signal: AbortSignal}): Promise<number> {
    if (to === this.localPeerId) return 0;
    const sender = await this.#senderTo(to, signal);
    return await this.#orLinkLost(to, signal, sender.measureRtt(signal));
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(transportClosed());
    await this.#libp2p.unhandle([FRAMES_PROTOCOL, CHANNEL_FRAMES_PROTOCOL]);
    await this.#subflows?.stop();
    for (const {sending, receiving} of this.#links.values()) {
      sending?.half.abort(transportClosed());
      receiving?.half.abort(transportClosed());
    }
    this.forgetListeners();
  }

  /** One attempt per peer at a time, shared by all who wait; each of them may stop waiting. */
  async #senderTo(to: PeerId, signal: AbortSignal): Promise<SendingHalf> {
    this.#throwIfClosed();
    signal.throwIfAborted();
    const held = this.#links.get(to)?.sending;
    if (held !== undefined && held !== null) return held.half;
    let attempt = this.#attempts.get(to);
    if (attempt === undefined) {
      attempt = this.#openSender(to).finally(() => this.#attempts.delete(to));
      this.#attempts.set(to, attempt);
    }
    return await untilAborted(attempt, signal);
  }

  async #openSender(to: PeerId): Promise<SendingHalf> {
    const startMs = performance.now();
    const timeout = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
    const signal = AbortSignal.any([this.#closing.signal, timeout]);
    const peer = peerIdFromString(to);
    try {
      const protocolsOver = (connection: Connection) => this.#protocolsOver(connection);
      const opened = await this.#connections.openStream(to, {protocolsOver, signal});
      return (
        (await this.#openChannel(to, opened, signal)) ??
        this.#addSender(to, await this.#ownStream(opened, signal))
      );
    } catch (cause) {
      this.#throwIfClosed();
      if (cause instanceof TransportError) throw cause;
      const isConnected = this.#libp2p.getConnections(peer).length > 0;
      const isRelayedOnly = isConnected && this.#connections.direct(to) === null;
      if (isRelayedOnly) throw onlyRelayedPath(to, {cause});
      throw peerUnreachable(to, performance.now() - startMs, {cause});
    }
  }

  /** The peer takes the first that it knows. */
  #protocolsOver(connection: Connection): string[] {
    const hasChannels = this.#channels?.fits(connection) ?? false;
    return hasChannels ? [CHANNEL_FRAMES_PROTOCOL, FRAMES_PROTOCOL] : [FRAMES_PROTOCOL];
  }

  /** @returns `null` when frames go over a stream. */
  async #openChannel(
    to: PeerId,
    {stream, connection}: OpenedStream,
    signal: AbortSignal,
  ): Promise<SendingHalf | null> {
    if (stream.protocol !== CHANNEL_FRAMES_PROTOCOL) return null;
    let half = await this.#tryChannel(to, {stream, connection}, signal);
    for (let tries = 1; half === null && tries < CHANNEL_TRIES; tries += 1) {
      const next = await newStream(connection, [CHANNEL_FRAMES_PROTOCOL], signal);
      half = await this.#tryChannel(to, {stream: next, connection}, signal);
    }
    return half;
  }

  async #tryChannel(
    to: PeerId,
    opened: OpenedStream,
    signal: AbortSignal,
  ): Promise<SendingHalf | null> {
    const channels = this.#channels;
    if (channels === null) return null;
    const half = await openSendingChannel({
      ...opened,
      channels,
      ids: this.#channelIds,
      signal,
      beatMs: this.#beatMs,
      ...this.#sendingEvents(to, opened),
      onNarrow: (atPort) => void this.#subflows?.offer(opened.connection, atPort),
    });
    if (half !== null) this.#linkOf(to).sending = {half, ...opened};
    return half;
  }

  /** A peer that did not come to a data channel of its own accord gets a stream. */
  async #ownStream(opened: OpenedStream, signal: AbortSignal): Promise<OpenedStream> {
    const {stream, connection} = opened;
    if (stream.protocol !== CHANNEL_FRAMES_PROTOCOL) return opened;
    return {stream: await newStream(connection, [FRAMES_PROTOCOL], signal), connection};
  }

  #addSender(to: PeerId, opened: OpenedStream): SendingHalf {
    const half = new FrameSender({
      pipe: new StreamPipe(opened.stream),
      beatMs: this.#beatMs,
      ...this.#sendingEvents(to, opened),
    });
    this.#linkOf(to).sending = {half, ...opened};
    return half;
  }

  #sendingEvents(to: PeerId, {stream, connection}: OpenedStream): SendingEvents {
    const loseOwn = (loss: LinkLoss): void => {
      if (this.#links.get(to)?.sending?.stream === stream) this.#lose(to, loss);
    };
    return {
      // Whoever dials this peer next needs another connection; it may be back on one already.
      onSilent: (cause) => {
        connection.abort(cause);
      },
      onViolation: () => {
        this.meter.violated(to);
        loseOwn('violation');
      },
      onClosed: (cause) => {
        loseOwn(lossBy(cause));
      },
    };
  }

  #accept(opened: OpenedStream): void {
    const {stream} = opened;
    if (this.#refuses(opened)) return;
    const half = new FrameReceiver({
      pipe: new StreamPipe(stream),
      stallMs: this.#stallMs,
      beatMs: this.#beatMs,
      ...this.#receivingEvents(opened),
    });
    this.#addReceiver(opened, half);
  }

  async #acceptChannel(opened: OpenedStream, channels: LinkChannels): Promise<void> {
    if (this.#refuses(opened)) return;
    const timeout = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
    const accepted = await openReceivingChannel({
      ...opened,
      channels,
      signal: AbortSignal.any([this.#closing.signal, timeout]),
      stallMs: this.#stallMs,
      beatMs: this.#beatMs,
      ...this.#receivingEvents(opened),
    });
    if (accepted === null) return;
    this.#addReceiver(opened, accepted.receiver);
    accepted.confirm();
  }

  #refuses({stream, connection}: OpenedStream): boolean {
    const from = asPeerId(connection.remotePeer.toString());
    const isUnasked = !this.#takesStrangers && !this.#isSpokenTo(from);
    if (this.#closing.signal.aborted || isUnasked) stream.abort(unasked(from));
    else if (!isDirectConnection(connection)) stream.abort(onlyRelayedPath(from));
    else return false;
    return true;
  }

  #isSpokenTo(peer: PeerId): boolean {
    return this.#attempts.has(peer) || (this.#links.get(peer)?.sending ?? null) !== null;
  }

  #receivingEvents({stream, connection}: OpenedStream): ReceivingEvents {
    const from = asPeerId(connection.remotePeer.toString());
    const loseOwn = (loss: LinkLoss): void => {
      if (this.#links.get(from)?.receiving?.stream === stream) this.#lose(from, loss);
    };
    return {
      onFrame: (frame) => this.deliver(from, frame),
      onViolation: () => {
        this.meter.violated(from);
        loseOwn('violation');
      },
      onFlood: (why) => this.#onFlood(connection, why),
      onClosed: (cause) => {
        loseOwn(lossBy(cause));
      },
    };
  }

  #addReceiver({stream, connection}: OpenedStream, half: ReceivingHalf): void {
    const from = asPeerId(connection.remotePeer.toString());
    // A second stream of the same peer means that it has lost the first.
    if ((this.#links.get(from)?.receiving ?? null) !== null) this.#lose(from, 'closed');
    this.#linkOf(from).receiving = {half, stream, connection};
  }

  #receiverOver(connection: Connection): HalfAtPort | null {
    const from = asPeerId(connection.remotePeer.toString());
    const receiving = this.#links.get(from)?.receiving ?? null;
    const isOver = receiving?.connection === connection;
    return isOver && receiving.half instanceof ChannelReceiver ? receiving.half.half : null;
  }

  #linkOf(peer: PeerId): Link {
    const held = this.#links.get(peer);
    if (held !== undefined) return held;
    const link: Link = {sending: null, receiving: null};
    this.#links.set(peer, link);
    return link;
  }

  /** Half a link is no link: the other half goes too, so that both sides agree. */
  #lose(peer: PeerId, loss: LinkLoss): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#links.delete(peer);
    link.sending?.half.abort(linkLost(peer));
    link.receiving?.half.abort(linkLost(peer));
    this.linkEnded(peer, loss);
  }

  async #orLinkLost<T>(to: PeerId, signal: AbortSignal, sending: Promise<T>): Promise<T> {
    try {
      return await sending;
    } catch (cause) {
      signal.throwIfAborted();
      this.#throwIfClosed();
      throw linkLost(to, {cause});
    }
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) throw transportClosed();
  }
}

function lossBy(cause: unknown): LinkLoss {
  return cause instanceof SilentPeerError ? 'silent' : 'closed';
}
