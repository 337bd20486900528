import type {Connection, Libp2p, StreamMuxerFactory} from '@libp2p/interface';
import {kadDHT, type KadDHT, type KadDHTComponents} from '@libp2p/kad-dht';
import {peerIdFromString} from '@libp2p/peer-id';
import type {Multiaddr} from '@multiformats/multiaddr';
import {serveDirectory, type DirectoryServer} from '#shared/directory/server/directory-server.ts';
import {RecordIntake, type Offerer} from '#shared/directory/server/record-intake.ts';
import {servePuts} from '#shared/directory/server/serve-puts.ts';
import {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import {
  createValidators,
  DHT_PROTOCOL,
  recordSelectors,
} from '#shared/directory/server/record-rules.ts';
import {ConductBook, type Misconduct} from '../limits/conduct-book.ts';
import {PacedMuxers} from '../limits/paced-muxers.ts';
import {WorkLane} from '../limits/work-lane.ts';
import {guardDht} from './guard-dht.ts';

/** What one peer may cost, in units of about 0.3 ms. A tab that is busy spends a quarter of it. */
export const WORK_PER_PEER = {unitsPerSecond: 150, burstUnits: 450, maxWaitingPerPeer: 64};
/** Checking a record, and telling every reader of it. No tab publishes more than four a second. */
const RECORD_UNITS = 25;
/** Up to 32 records of a listing. */
const PAGE_UNITS = 1;
/** Of one connection; a query opens three. */
const MAX_DHT_STREAMS = 16;
/** A tab has one for the model that it lends, and one more while it changes. */
const MAX_RECORDS_PER_OWNER = 8;

type Options = {
  /** Unix ms. */
  readonly nowMs: () => number;
  /** The address that a connection counts against. */
  readonly addressOf: (link: {readonly remoteAddr: Multiaddr}) => string;
  /** Other servers of the swarm: they may hand on records of others. */
  readonly peerServerIds: ReadonlySet<string>;
  /** As many owners may be here at once. */
  readonly maxConnections: number;
};

/** The records of the swarm at this server: DHT, listing, puts, and what keeps strangers in bounds. */
export class RecordService {
  readonly datastore: NewestRecordDatastore;
  readonly #options: Options;
  readonly #lane = new WorkLane(WORK_PER_PEER);
  readonly #muxers = new PacedMuxers(this.#lane);
  readonly #conduct = new ConductBook((peer) => this.#dropPeer(peer));
  readonly #intake: RecordIntake;
  #libp2p: Libp2p | null = null;
  #directory: DirectoryServer | null = null;
  #closers: (() => Promise<void>)[] = [];

  constructor(options: Options) {
    this.#options = options;
    this.datastore = new NewestRecordDatastore({
      now: options.nowMs,
      // Full only while peer servers hand on more than all who are connected could write.
      maxRecords: options.maxConnections * MAX_RECORDS_PER_OWNER,
      maxRecordsPerOwner: MAX_RECORDS_PER_OWNER,
    });
    this.#intake = new RecordIntake({
      store: this.datastore,
      now: options.nowMs,
      peerServerIds: options.peerServerIds,
      mayVerify: async ({address, peerId}) =>
        await this.#lane.take({address, peer: peerId}, RECORD_UNITS),
      onRefused: (code, {peerId}) => this.#conduct.note(peerId, code),
    });
  }

  /** For `streamMuxers`: strangers open streams in turns. */
  get muxerFactory(): () => StreamMuxerFactory {
    return this.#muxers.createFactory;
  }

  /** For `services`. */
  createDht(components: KadDHTComponents): KadDHT {
    const {peerServerIds} = this.#options;
    const dht = kadDHT({
      protocol: DHT_PROTOCOL,
      clientMode: false,
      maxInboundStreams: MAX_DHT_STREAMS,
      // Without addresses a peer enters no routing table: whoever calls itself a DHT server
      // is asked nothing, and is passed on to nobody.
      peerInfoMapper: (peer) =>
        peerServerIds.has(peer.id.toString()) ? peer : {...peer, multiaddrs: []},
      validators: createValidators(this.#options.nowMs),
      selectors: recordSelectors,
    })(components);
    return guardDht(dht, {
      intake: this.#intake,
      lane: this.#lane,
      conduct: this.#conduct,
      offererOf: (connection) => this.#offererOf(connection),
    });
  }

  /** Serves the listing and takes records, once the node runs. */
  async start(libp2p: Libp2p): Promise<void> {
    this.#libp2p = libp2p;
    const onOpen = ({detail}: CustomEvent<Connection>) => {
      const peer = detail.remotePeer.toString();
      this.#muxers.introduce(detail, this.#options.addressOf(detail));
      if (this.#conduct.isBad(peer)) this.#dropPeer(peer);
    };
    libp2p.addEventListener('connection:open', onOpen);
    const directory = await serveDirectory({
      libp2p,
      records: this.datastore,
      takeTurn: async (connection) => {
        const {address, peerId} = this.#offererOf(connection);
        return await this.#lane.take({address, peer: peerId}, PAGE_UNITS);
      },
    });
    this.#directory = directory;
    const puts = await servePuts({
      libp2p,
      intake: this.#intake,
      offererOf: (connection) => this.#offererOf(connection),
    });
    this.#closers = [
      async () => libp2p.removeEventListener('connection:open', onOpen),
      async () => this.#lane.close(),
      async () => await puts.close(),
      async () => await directory.close(),
    ];
  }

  /** Open streams of the listing. */
  get readerCount(): number {
    return this.#directory?.readerCount ?? 0;
  }

  /** Records and messages that were refused, by what is wrong with them. */
  refusals(): ReadonlyMap<Misconduct, number> {
    return this.#conduct.counts;
  }

  async close(): Promise<void> {
    for (const close of this.#closers) await close();
  }

  #offererOf(connection: Connection): Offerer {
    return {
      peerId: connection.remotePeer.toString(),
      address: this.#options.addressOf(connection),
      isHere: () => connection.status === 'open',
    };
  }

  #dropPeer(peer: string): void {
    for (const connection of this.#libp2p?.getConnections(peerIdFromString(peer)) ?? []) {
      connection.abort(new Error('This peer was refused too often'));
    }
  }
}
