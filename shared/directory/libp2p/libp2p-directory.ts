import {Listeners} from '../../base/listeners.ts';
import type {Libp2p} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import type {PeerId} from '../../base/ids.ts';
import type {DirectoryReply} from '../../protocol/directory-message.ts';
import {fromBase64, toBase64} from '../records/base64.ts';
import {KeptRecords} from '../contacts/kept-records.ts';
import {serveContacts} from '../contacts/serve-contacts.ts';
import {DirectoryError, type Directory, type DirectoryView} from '../directory.ts';
import {newestDirectConnection} from '../../transport/direct-path.ts';
import type {NamedServers} from '../../transport/server-link/named-servers.ts';
import {putRecord} from './put-record.ts';
import {DirectoryPlaces, type Place} from './directory-places.ts';
import {publishToServers} from './publish-to-servers.ts';
import type {Patience} from './read-list.ts';
import {takeRecords} from './take-records.ts';
import {checkListed, type CheckListed} from '../records/check-listed.ts';
import {RecordTable, type RecordSource} from '../records/record-table.ts';
import {openRecord, ownerOfKey, peekRecord, type SealedRecord} from '../records/signed-record.ts';

const RESTORE_TIMEOUT_MS = 5_000;
/** Decryption, JSON and schema of one listed record, before anything of it is checked. */
const LISTED_MS = 0.01;
/** Source of what this node itself publishes; no server can take it back. */
const OWN: RecordSource = {name: 'own', kind: 'own'};

type Options = {
  readonly libp2p: Libp2p;
  /** From `recordPrefix`: one model in one swarm. */
  readonly prefix: string;
  /** Unix ms, corrected by the server's clock. */
  readonly now: () => number;
  readonly servers: NamedServers;
  /** Peers that this node is linked to, or has measured: they are listed whoever else is. */
  readonly isNeighbour?: (peer: PeerId) => boolean;
  /** Where listed records are checked, when not on this thread. */
  readonly check?: CheckListed;
  /** Other than the usual one, in tests. */
  readonly patience?: Patience;
};

/**
 * The lists of the servers that the bootstrap names, each read by a stream of
 * its own, and merged; records are published to the same servers.
 *
 * Another peer that offers a list is a hint at most: it is read while no named
 * server answers, and never makes the directory `reachable`. A list can only
 * omit: every record is signed by its owner.
 */
export async function openLibp2pDirectory(options: Options): Promise<Directory> {
  const directory = new Libp2pDirectory(options);
  await directory.start();
  return directory;
}

class Libp2pDirectory implements Directory {
  readonly #options: Options;
  readonly #table: RecordTable;
  readonly #places: DirectoryPlaces;
  readonly #listeners = new Listeners();
  readonly #closing = new AbortController();
  /** The newest own record that each list has shown since it was last lost. */
  readonly #ownSeqs = new Map<string, number>();
  #own: SealedRecord | null = null;
  #serving: {close(): Promise<void>} | null = null;

  constructor(options: Options) {
    const {libp2p, prefix, servers, isNeighbour, patience} = options;
    this.#options = options;
    this.#table = new RecordTable(isNeighbour === undefined ? {} : {isNeighbour});
    this.#places = new DirectoryPlaces({
      libp2p,
      prefix,
      servers,
      patience,
      onReply: async (reply, place) => this.#read(reply, place),
      onChange: (place) => this.#changed(place),
    });
  }

  async start(): Promise<void> {
    const {libp2p, prefix, now} = this.#options;
    const kept = new KeptRecords({table: this.#table, prefix, onNews: () => this.#notify()});
    const isServerThere = () => this.#places.isReachable;
    this.#serving = await serveContacts({libp2p, kept, now, isServerThere});
    await this.#places.start();
  }

  async publish(sealed: SealedRecord, {signal}: {readonly signal: AbortSignal}): Promise<void> {
    this.#throwIfClosed();
    const record = await openRecord(sealed, this.#options.now());
    this.#own = sealed;
    if (this.#table.add(record, OWN, toBase64(sealed.value))) this.#notify();
    await this.#publishTo(this.#keepers(), sealed, signal);
  }

  list(): DirectoryView {
    return {
      records: this.#table.live(this.#options.now()),
      state: this.#places.isReachable ? 'reachable' : 'unreachable',
    };
  }

  subscribe(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  async close(): Promise<void> {
    this.#closing.abort();
    this.#listeners.clear();
    this.#places.stop();
    await this.#serving?.close();
  }

  /** While no named server is connected, those contacts that list what others put there. */
  #keepers(): readonly PeerId[] {
    const servers = this.#connectedServers();
    return servers.length > 0 ? servers : this.#places.contacts;
  }

  #connectedServers(): readonly PeerId[] {
    const {libp2p, servers} = this.#options;
    return servers
      .namedServers()
      .map(({peerId}) => peerId)
      .filter((id) => newestDirectConnection(libp2p, peerIdFromString(id)) !== null);
  }

  async #publishTo(
    servers: readonly PeerId[],
    sealed: SealedRecord,
    signal: AbortSignal,
  ): Promise<void> {
    const {libp2p} = this.#options;
    await publishToServers({
      key: sealed.key,
      servers,
      put: async (id, limit) =>
        putRecord({libp2p, server: peerIdFromString(id), sealed, signal: limit}),
      signal,
    });
  }

  async #read(reply: DirectoryReply, {source, budget, stopping}: Place): Promise<number> {
    const {prefix, now, check = checkListed} = this.#options;
    const startMs = performance.now();
    this.#noteOwn(reply, source);
    const {isNews, placelessCount} = await takeRecords(reply, source, {
      table: this.#table,
      prefix,
      nowMs: now(),
      check,
    });
    if (isNews) this.#notify();
    const endMs = performance.now();
    const pauseMs = budget.spend(endMs - startMs + reply.records.length * LISTED_MS, endMs);
    if (pauseMs > 0 && !stopping.signal.aborted) {
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    return placelessCount;
  }

  #noteOwn({records}: DirectoryReply, {name}: RecordSource): void {
    const own = this.#own;
    if (own === null) return;
    const listed = records.find(({peerId}) => peerId === ownerOfKey(own.key));
    const seq = listed === undefined ? undefined : peekRecord(fromBase64(listed.value))?.seq;
    if (seq !== undefined) this.#ownSeqs.set(name, seq);
  }

  #changed({source, isListening}: Place): void {
    if (isListening) this.#restoreOwn(source.name);
    if (!isListening) this.#ownSeqs.delete(source.name);
    this.#notify();
  }

  /** A list without this node's record gets it at once: that of a server which came back with an empty store, or of a contact. */
  #restoreOwn(name: string): void {
    const own = this.#own;
    const server = this.#keepers().find((id) => id === name);
    if (own === null || server === undefined) return;
    if ((this.#ownSeqs.get(name) ?? -1) >= (peekRecord(own.value)?.seq ?? 0)) return;
    this.#publishTo([server], own, AbortSignal.timeout(RESTORE_TIMEOUT_MS)).catch(() => {
      // The publisher refreshes the record anyway.
    });
  }

  #notify(): void {
    this.#listeners.call();
  }

  #throwIfClosed(): void {
    if (!this.#closing.signal.aborted) return;
    throw new DirectoryError({code: 'DIRECTORY_CLOSED'}, 'Cannot publish: the directory is closed');
  }
}
