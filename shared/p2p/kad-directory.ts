import type {Libp2p, PeerId as Libp2pPeerId} from '@libp2p/interface';
import type {KadDHT} from '@libp2p/kad-dht';
import {
  DIRECTORY_BEAT_MS,
  DIRECTORY_MESSAGE_MAX_BYTES,
  directoryReplySchema,
  type DirectoryReply,
} from '../protocol/directory-message.ts';
import {fromBase64} from './base64.ts';
import {DIRECTORY_PROTOCOL} from './directory-server.ts';
import {DirectoryError, type Directory, type DirectoryView} from './directory.ts';
import {JsonStream} from './json-stream.ts';
import {RecordTable} from './record-table.ts';
import {openRecord, peekRecord, type SealedRecord} from './signed-record.ts';

const SILENCE_MS = 3 * DIRECTORY_BEAT_MS;
const RETRY_MS = 500;
const PUT_TIMEOUT_MS = 5_000;
const MAX_SERVERS = 4;
/** Source of what this node itself publishes; no server can take it back. */
const OWN = 'own';

type Options = {
  readonly libp2p: Libp2p<{dht: KadDHT}>;
  /** From `recordPrefix`: one model in one swarm. */
  readonly prefix: string;
  /** Unix ms, corrected by the server's clock. */
  readonly now: () => number;
};

/**
 * Records in kad-dht, found by the listing that every connected DHT server
 * offers: each one is read by a stream of its own, and the lists are merged.
 */
export async function openKadDirectory(options: Options): Promise<Directory> {
  const directory = new KadDirectory(options);
  await directory.start();
  return directory;
}

class KadDirectory implements Directory {
  readonly #libp2p: Libp2p<{dht: KadDHT}>;
  readonly #prefix: string;
  readonly #now: () => number;
  readonly #table = new RecordTable();
  readonly #listeners = new Set<() => void>();
  readonly #closing = new AbortController();
  /** Servers with a reading loop; `isListening` once the whole list was read. */
  readonly #servers = new Map<string, {isListening: boolean}>();
  #own: SealedRecord | null = null;
  #topologyId = '';

  constructor(options: Options) {
    this.#libp2p = options.libp2p;
    this.#prefix = options.prefix;
    this.#now = options.now;
  }

  async start(): Promise<void> {
    this.#topologyId = await this.#libp2p.register(DIRECTORY_PROTOCOL, {
      onConnect: (server) => this.#follow(server),
    });
    for (const server of this.#libp2p.getPeers()) {
      const known = await this.#libp2p.peerStore.get(server).catch(() => null);
      if (known?.protocols.includes(DIRECTORY_PROTOCOL)) this.#follow(server);
    }
  }

  async publish(sealed: SealedRecord, options: {readonly signal: AbortSignal}): Promise<void> {
    this.#throwIfClosed();
    const record = await openRecord(sealed, this.#now());
    this.#own = sealed;
    if (this.#table.add(record, OWN)) this.#notify();
    await this.#put(sealed, options.signal);
  }

  list(): DirectoryView {
    const isReachable = [...this.#servers.values()].some((server) => server.isListening);
    return {
      records: this.#table.live(this.#now()),
      state: isReachable ? 'reachable' : 'unreachable',
    };
  }

  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closing.signal.aborted) return;
    this.#closing.abort();
    this.#libp2p.unregister(this.#topologyId);
    this.#listeners.clear();
  }

  /** @throws {DirectoryError} unless at least one DHT server stored the record. */
  async #put({key, value}: SealedRecord, signal: AbortSignal): Promise<void> {
    let storedCount = 0;
    let cause: unknown;
    try {
      const events = this.#libp2p.services.dht.put(new TextEncoder().encode(key), value, {signal});
      for await (const event of events) {
        if (event.name === 'PEER_RESPONSE' && event.messageName === 'PUT_VALUE') storedCount += 1;
        if (event.name === 'QUERY_ERROR') cause = event.error;
      }
    } catch (error) {
      cause = error;
    }
    if (storedCount > 0) return;
    throw new DirectoryError(
      {code: 'DIRECTORY_UNREACHABLE', key},
      `Cannot publish "${key}": no DHT server stored it`,
      {cause},
    );
  }

  /** Reads the list of `server` for as long as it stays connected. */
  #follow(server: Libp2pPeerId): void {
    const name = server.toString();
    if (this.#servers.has(name) || this.#servers.size >= MAX_SERVERS) return;
    this.#servers.set(name, {isListening: false});
    void this.#readUntilGone(server).finally(() => {
      this.#servers.delete(name);
      this.#notify();
    });
  }

  async #readUntilGone(server: Libp2pPeerId): Promise<void> {
    const {signal} = this.#closing;
    while (!signal.aborted && this.#libp2p.getConnections(server).length > 0) {
      await this.#readOnce(server).catch(() => {
        // A lost stream is not a lost list: records stay until they expire, and the loop asks again.
      });
      this.#setListening(server.toString(), false);
      if (!signal.aborted) await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  async #readOnce(server: Libp2pPeerId): Promise<void> {
    const silence = () => AbortSignal.any([this.#closing.signal, AbortSignal.timeout(SILENCE_MS)]);
    const stream = await this.#libp2p.dialProtocol(server, DIRECTORY_PROTOCOL, {signal: silence()});
    const messages = new JsonStream(stream, {maxMessageBytes: DIRECTORY_MESSAGE_MAX_BYTES});
    const listed = new Map<string, number>();
    try {
      await messages.write({prefix: this.#prefix}, {signal: silence()});
      for (;;) {
        const reply = await messages.read(directoryReplySchema, {signal: silence()});
        await this.#take(reply, server.toString(), listed);
      }
    } catch (cause) {
      messages.abort(new Error('Stopped reading the directory', {cause}));
      throw cause;
    }
  }

  async #take(reply: DirectoryReply, source: string, listed: Map<string, number>): Promise<void> {
    const outcomes = await Promise.all(
      reply.records.map(async ({peerId, value}) => {
        const sealed = {key: this.#prefix + peerId, value: fromBase64(value)};
        const record = await openRecord(sealed, this.#now()).catch(() => null);
        if (record === null) return false; // Forged, broken or expired: as if it had not been listed.
        listed.set(sealed.key, record.seq);
        return this.#table.add(record, source);
      }),
    );
    const departures = reply.gone.map((peerId) => this.#table.gone(peerId, source));
    if ([...outcomes, ...departures].includes(true)) this.#notify();
    if (reply.complete && this.#setListening(source, true)) this.#restoreOwn(listed);
  }

  /** A server that came back with an empty store hears of this node again at once. */
  #restoreOwn(listed: ReadonlyMap<string, number>): void {
    const own = this.#own;
    if (own === null) return;
    const seq = peekRecord(own.value)?.seq ?? 0;
    if ((listed.get(own.key) ?? -1) >= seq) return;
    this.#put(own, AbortSignal.timeout(PUT_TIMEOUT_MS)).catch(() => {
      // The publisher refreshes the record anyway.
    });
  }

  /** @returns whether this was news. */
  #setListening(name: string, isListening: boolean): boolean {
    const server = this.#servers.get(name);
    if (server === undefined || server.isListening === isListening) return false;
    server.isListening = isListening;
    this.#notify();
    return true;
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }

  #throwIfClosed(): void {
    if (this.#closing.signal.aborted) {
      throw new DirectoryError(
        {code: 'DIRECTORY_CLOSED'},
        'Cannot publish: the directory is closed',
      );
    }
  }
}
