import type {Connection, Libp2p, PeerId as Libp2pPeerId, Stream} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import type {Multiaddr} from '@multiformats/multiaddr';
import {asPeerId, type PeerId} from '../base/ids.ts';
import {CONNECT_TIMEOUT_MS} from './connect-timeout.ts';
import {FrameReceiver} from './frames/frame-receiver.ts';
import {FrameSender} from './frames/frame-sender.ts';
import {SilentPeerError} from './frames/silent-peer-error.ts';
import {BEAT_MS, FRAMES_PROTOCOL} from './frames/frame-wire.ts';
import {isDirectAddress, isDirectConnection} from './direct-path.ts';
import {opensNoSocket, readAddresses} from './dialled-addresses.ts';
import {TransportBase} from './transport-base.ts';
import {
  checkFrameLength,
  linkLost,
  onlyRelayedPath,
  peerUnreachable,
  transportClosed,
  TransportError,
  type LinkLoss,
  type Transport,
} from './transport.ts';
import {untilAborted} from '../base/until-aborted.ts';

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
};

type OpenedStream = {readonly stream: Stream; readonly connection: Connection};

/** Both halves of a link; either may be missing while the other side has not spoken yet. */
type Link = {sender: FrameSender | null; receiver: FrameReceiver | null};

/**
 * Frames over libp2p: one long-lived stream per peer and direction, on a direct
 * connection, with a credit window because data channels have no read
 * back-pressure.
 */
export async function openLibp2pStreamTransport(options: Options): Promise<Transport> {
  const transport = new Libp2pStreamTransport(options);
  await transport.start();
  return transport;
}

class Libp2pStreamTransport extends TransportBase implements Transport {
  readonly #libp2p: Libp2p;
  readonly #addressesOf: Options['addressesOf'];
  readonly #onFlood: NonNullable<Options['onFlood']>;
  readonly #links = new Map<PeerId, Link>();
  readonly #attempts = new Map<PeerId, Promise<FrameSender>>();
  readonly #closing = new AbortController();
  readonly #stallMs: number;
  readonly #beatMs: number;

  constructor(options: Options) {
    const {libp2p, addressesOf, onFlood = () => undefined} = options;
    const {stallMs = STALL_MS, beatMs = BEAT_MS} = options;
    super(asPeerId(libp2p.peerId.toString()));
    this.#stallMs = stallMs;
    this.#beatMs = beatMs;
    this.#libp2p = libp2p;
    this.#addressesOf = addressesOf;
    this.#onFlood = onFlood;
  }

  async start(): Promise<void> {
    await this.#libp2p.handle(
      FRAMES_PROTOCOL,
      (stream, connection) => this.#accept(stream, connection),
      {runOnLimitedConnection: false, maxInboundStreams: 2},
    );
  }

  async connect(to: PeerId, {signal}: {readonly signal: AbortSignal}): Promise<void> {
    if (to !== this.localPeerId) await this.#senderTo(to, signal);
  }

  async awaitLink(from: PeerId, {signal}: {readonly signal: AbortSignal}): Promise<void> {
    this.#throwIfClosed();
    if (from === this.localPeerId) return;
    const ended = AbortSignal.any([signal, this.#closing.signal]);
    await this.#untilMet(peerIdFromString(from), async (met) => {
      if (this.#directConnection(from) === undefined) await untilAborted(aborted(met), ended);
    });
  }

  async send(
    to: PeerId,
    frame: Uint8Array,
    {signal}: {readonly signal: AbortSignal},
  ): Promise<void> {
    checkFrameLength(frame.byteLength);
    if (to === this.localPeerId) {
      this.#throwIfClosed();
      queueMicrotask(() => void this.deliver(to, new Uint8Array(frame)));
    } else {
      const sender = await this.#senderTo(to, signal);
      await this.#orLinkLost(to, signal, sender.send(frame, signal));
    }
    this.meter.sent(to, frame.byteLength);
  }

  async measureRtt(to: PeerId, {signal}: {readonly signal: AbortSignal}): Promise<number> {
    if (to === this.localPeerId) return 0;
    const sender = await this.#senderTo(to, signal);
    return await this.#orLinkLost(to, signal, sender.measureRtt(signal));
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort(transportClosed());
    await this.#libp2p.unhandle(FRAMES_PROTOCOL);
    for (const link of this.#links.values()) {
      link.sender?.abort(transportClosed());
      link.receiver?.abort(transportClosed());
    }
    this.forgetListeners();
  }

  /** One attempt per peer at a time, shared by all who wait; each of them may stop waiting. */
  async #senderTo(to: PeerId, signal: AbortSignal): Promise<FrameSender> {
    this.#throwIfClosed();
    signal.throwIfAborted();
    const held = this.#links.get(to)?.sender;
    if (held !== undefined && held !== null) return held;
    let attempt = this.#attempts.get(to);
    if (attempt === undefined) {
      attempt = this.#openSender(to).finally(() => this.#attempts.delete(to));
      this.#attempts.set(to, attempt);
    }
    return await untilAborted(attempt, signal);
  }

  async #openSender(to: PeerId): Promise<FrameSender> {
    const startMs = performance.now();
    const timeout = AbortSignal.timeout(CONNECT_TIMEOUT_MS);
    const signal = AbortSignal.any([this.#closing.signal, timeout]);
    const peer = peerIdFromString(to);
    try {
      return this.#addSender(to, await this.#openStream(to, signal));
    } catch (cause) {
      this.#throwIfClosed();
      if (cause instanceof TransportError) throw cause;
      const isConnected = this.#libp2p.getConnections(peer).length > 0;
      const isRelayedOnly = isConnected && this.#directConnection(to) === undefined;
      if (isRelayedOnly) throw onlyRelayedPath(to, {cause});
      throw peerUnreachable(to, performance.now() - startMs, {cause});
    }
  }

  /**
   * A held connection may have ended without a word, while the peer is already
   * back on another: then that one is used, or a fresh one.
   */
  async #openStream(to: PeerId, signal: AbortSignal): Promise<OpenedStream> {
    const held = this.#directConnection(to);
    const opened = held === undefined ? null : await this.#openUntilReplaced(held, signal);
    if (held !== undefined && opened !== null) return {stream: opened, connection: held};
    signal.throwIfAborted();
    const other = this.#directConnection(to);
    const connection = other === undefined || other === held ? await this.#dial(to, signal) : other;
    return {stream: await newStream(connection, signal), connection};
  }

  /** Gives way as soon as the peer is back on another connection: this one may never answer. */
  async #openUntilReplaced(held: Connection, signal: AbortSignal): Promise<Stream | null> {
    try {
      return await this.#untilMet(held.remotePeer, async (met) =>
        newStream(held, AbortSignal.any([signal, met])),
      );
    } catch {
      return null; // Whether there is another way is for the caller to see.
    }
  }

  /**
   * Two peers that dial each other at the same moment can share one relayed
   * connection for their signaling, and whichever dial is done first closes it
   * under the other. That one has then met the peer, or is about to.
   */
  async #dial(to: PeerId, signal: AbortSignal): Promise<Connection> {
    const addresses = readAddresses(this.#addressesOf(to));
    const dialled = addresses.filter(opensNoSocket);
    if (dialled.length === 0 && addresses.some((address) => !isDirectAddress(address))) {
      throw onlyRelayedPath(to);
    }
    if (dialled.length === 0) throw new Error('No address of the peer can be dialled');
    for (;;) {
      const shared = this.#relayedConnections(to, 'inbound');
      try {
        return await this.#dialOrMeet(to, {dialled, signal});
      } catch (cause) {
        const wasEnded = shared.some(({status}) => status !== 'open');
        if (signal.aborted || !wasEnded) throw cause;
      }
    }
  }

  /** A dial that is not needed any more goes on: its connection may be the one that the peer uses. */
  async #dialOrMeet(
    to: PeerId,
    {dialled, signal}: {readonly dialled: readonly Multiaddr[]; readonly signal: AbortSignal},
  ): Promise<Connection> {
    const dialling = this.#libp2p.dial([...dialled], {signal}).then(() => this.#dropRelayed(to));
    try {
      await this.#untilMet(peerIdFromString(to), async (met) => untilAborted(dialling, met));
    } catch (cause) {
      const met = this.#directConnection(to);
      if (met === undefined) throw cause;
      return met;
    }
    const connection = this.#directConnection(to);
    if (connection === undefined) throw new Error('Dialling gave no direct connection');
    return connection;
  }

  /** Runs `action`, whose signal aborts once the peer has opened a direct connection by itself. */
  async #untilMet<T>(peer: Libp2pPeerId, action: (met: AbortSignal) => Promise<T>): Promise<T> {
    const met = new AbortController();
    const onOpen = ({detail}: CustomEvent<Connection>): void => {
      if (detail.remotePeer.equals(peer) && isDirectConnection(detail)) met.abort();
    };
    this.#libp2p.addEventListener('connection:open', onOpen);
    try {
      return await action(met.signal);
    } finally {
      this.#libp2p.removeEventListener('connection:open', onOpen);
    }
  }

  /** The newest: of a peer that came back, the older may be one whose end is still unnoticed here. */
  #directConnection(to: PeerId): Connection | undefined {
    return this.#libp2p
      .getConnections(peerIdFromString(to))
      .filter((connection) => connection.status === 'open' && isDirectConnection(connection))
      .toSorted((a, b) => b.timeline.open - a.timeline.open)[0];
  }

  /** What this side opened for its signaling is of no more use: give its slot back. */
  #dropRelayed(to: PeerId): void {
    for (const connection of this.#relayedConnections(to, 'outbound')) {
      connection
        .close()
        .catch((cause: unknown) =>
          connection.abort(new Error('Cannot close a relayed connection', {cause})),
        );
    }
  }

  #relayedConnections(to: PeerId, direction: Connection['direction']): Connection[] {
    return this.#libp2p
      .getConnections(peerIdFromString(to))
      .filter(
        (connection) => connection.direction === direction && !isDirectConnection(connection),
      );
  }

  #addSender(to: PeerId, {stream, connection}: OpenedStream): FrameSender {
    const sender = new FrameSender({
      stream,
      beatMs: this.#beatMs,
      // Whoever dials this peer next needs another connection; it may be back on one already.
      onSilent: (cause) => {
        connection.abort(cause);
      },
      onViolation: () => {
        this.meter.violated(to);
        if (this.#links.get(to)?.sender === sender) this.#lose(to, 'violation');
      },
      onClosed: (cause) => {
        if (this.#links.get(to)?.sender === sender) this.#lose(to, lossBy(cause));
      },
    });
    this.#linkOf(to).sender = sender;
    return sender;
  }

  #accept(stream: Stream, connection: Connection): void {
    const from = asPeerId(connection.remotePeer.toString());
    if (this.#closing.signal.aborted || !isDirectConnection(connection)) {
      stream.abort(onlyRelayedPath(from));
      return;
    }
    // A second stream of the same peer means that it has lost the first.
    if ((this.#links.get(from)?.receiver ?? null) !== null) this.#lose(from, 'closed');
    const receiver = new FrameReceiver({
      stream,
      stallMs: this.#stallMs,
      beatMs: this.#beatMs,
      onFrame: (frame) => this.deliver(from, frame),
      onViolation: () => {
        this.meter.violated(from);
        if (this.#links.get(from)?.receiver === receiver) this.#lose(from, 'violation');
      },
      onFlood: (why) => this.#onFlood(connection, why),
      onClosed: (cause) => {
        if (this.#links.get(from)?.receiver === receiver) this.#lose(from, lossBy(cause));
      },
    });
    this.#linkOf(from).receiver = receiver;
  }

  #linkOf(peer: PeerId): Link {
    const held = this.#links.get(peer);
    if (held !== undefined) return held;
    const link: Link = {sender: null, receiver: null};
    this.#links.set(peer, link);
    return link;
  }

  /** Half a link is no link: the other half goes too, so that both sides agree. */
  #lose(peer: PeerId, loss: LinkLoss): void {
    const link = this.#links.get(peer);
    if (link === undefined) return;
    this.#links.delete(peer);
    link.sender?.abort(linkLost(peer));
    link.receiver?.abort(linkLost(peer));
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

/** Connected is not ready: a connection that opens no stream would be in the way of every next attempt. */
async function newStream(connection: Connection, signal: AbortSignal): Promise<Stream> {
  try {
    return await connection.newStream(FRAMES_PROTOCOL, {signal});
  } catch (cause) {
    if (!signal.aborted) connection.abort(new Error('It opens no stream', {cause}));
    throw cause;
  }
}

function lossBy(cause: unknown): LinkLoss {
  return cause instanceof SilentPeerError ? 'silent' : 'closed';
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, {once: true});
  });
}
