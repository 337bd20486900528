import type {Connection, Libp2p, PeerId as Libp2pPeerId, Stream} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import type {Multiaddr} from '@multiformats/multiaddr';
import type {PeerId} from '../base/ids.ts';
import {untilAborted} from '../base/until-aborted.ts';
import {opensNoSocket, readAddresses} from './addresses/dialled-addresses.ts';
import {isDirectAddress, isDirectConnection, newestDirectConnection} from './direct-path.ts';
import {onlyRelayedPath} from './transport.ts';

export type OpenedStream = {readonly stream: Stream; readonly connection: Connection};

type Options = {
  readonly libp2p: Libp2p;
  /** What a peer says of where it is: only signaling through a relay is dialled. */
  readonly addressesOf: (peer: PeerId) => readonly string[];
};

type Opening = {
  /** The peer takes the first that it knows. */
  readonly protocolsOver: (connection: Connection) => string[];
  readonly signal: AbortSignal;
};

/** Connections to peers that no relay is part of: which there are, and how to come by one. */
export class DirectConnections {
  readonly #libp2p: Libp2p;
  readonly #addressesOf: Options['addressesOf'];

  constructor({libp2p, addressesOf}: Options) {
    this.#libp2p = libp2p;
    this.#addressesOf = addressesOf;
  }

  /** The one to use, or `null`. */
  direct(to: PeerId): Connection | null {
    return newestDirectConnection(this.#libp2p, peerIdFromString(to));
  }

  /** Waits until the peer has opened one by itself. */
  async awaitDirect(from: PeerId, signal: AbortSignal): Promise<void> {
    await this.#untilMet(peerIdFromString(from), async (met) => {
      if (this.direct(from) === null) await untilAborted(aborted(met), signal);
    });
  }

  /**
   * A held connection may have ended without a word, while the peer is already
   * back on another: then that one is used, or a fresh one.
   */
  async openStream(to: PeerId, {protocolsOver, signal}: Opening): Promise<OpenedStream> {
    const held = this.direct(to);
    const opened =
      held === null ? null : await this.#openUntilReplaced(held, {protocolsOver, signal});
    if (held !== null && opened !== null) return {stream: opened, connection: held};
    signal.throwIfAborted();
    const other = this.direct(to);
    const connection = other === null || other === held ? await this.#dial(to, signal) : other;
    const stream = await newStream(connection, protocolsOver(connection), signal);
    return {stream, connection};
  }

  /** Gives way as soon as the peer is back on another connection: this one may never answer. */
  async #openUntilReplaced(
    held: Connection,
    {protocolsOver, signal}: Opening,
  ): Promise<Stream | null> {
    try {
      return await this.#untilMet(held.remotePeer, async (met) =>
        newStream(held, protocolsOver(held), AbortSignal.any([signal, met])),
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
    if (dialled.length === 0) throw new Error('No address of the peer may be dialled now');
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
      const met = this.direct(to);
      if (met !== null) return met;
      await this.#forget(to);
      throw cause;
    }
    const connection = this.direct(to);
    if (connection === null) throw new Error('Dialling gave no direct connection');
    return connection;
  }

  /** libp2p keeps for hours that nobody was there, and strangers choose whom a hop dials. */
  async #forget(to: PeerId): Promise<void> {
    const peer = peerIdFromString(to);
    if (this.#libp2p.getConnections(peer).length > 0) return;
    await this.#libp2p.peerStore.delete(peer).catch(() => undefined);
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
}

/** Connected is not ready: a connection that opens no stream would be in the way of every next attempt. */
export async function newStream(
  connection: Connection,
  protocols: string[],
  signal: AbortSignal,
): Promise<Stream> {
  try {
    return await connection.newStream(protocols, {signal});
  } catch (cause) {
    if (!signal.aborted) connection.abort(new Error('It opens no stream', {cause}));
    throw cause;
  }
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise((resolve) => {
    signal.addEventListener('abort', resolve, {once: true});
  });
}
