import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {CircuitRelayService} from '@libp2p/circuit-relay-v2';
import {generateKeyPair, generateKeyPairFromSeed} from '@libp2p/crypto/keys';
import {identify, identifyPush, type Identify, type IdentifyPush} from '@libp2p/identify';
import type {Libp2p, PrivateKey, Transport} from '@libp2p/interface';
import type {KadDHT, KadDHTComponents} from '@libp2p/kad-dht';
import {noise} from '@libp2p/noise';
import {ping, type Ping} from '@libp2p/ping';
import {webSockets, type WebSocketsComponents} from '@libp2p/websockets';
import {createLibp2p} from 'libp2p';
import {assert} from '#shared/base/assert.ts';
import {createEd25519Gater} from '#shared/transport/guard/gater/ed25519-gater.ts';
import {forgetPeersThatLeft} from '#shared/transport/guard/forget-peers-that-left.ts';
import type {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import type {NamedServer} from '#shared/protocol/bootstrap.ts';
import type {SwarmSummary} from '#shared/protocol/swarm-summary.ts';
import {RecordService} from './directory/record-service.ts';
import {RecordReader} from './directory/record-reader.ts';
import {SwarmReader} from './directory/swarm-reader.ts';
import type {NodeCounters} from './metrics/server-counters.ts';
import {UpgradeListener} from './http/web-socket/upgrade-listener.ts';
import type {Misconduct} from './limits/conduct-book.ts';
import {ConnectionLimits} from './limits/connection-limits.ts';
import type {RefusalTally} from './limits/refusals.ts';
import type {SocketLimits} from './limits/socket-limits.ts';
import type {SourceAddress} from './limits/source/source-address.ts';
import {sourceKeyOf} from './limits/source/source-key-of.ts';
import {
  createRelayService,
  RELAYED_CONNECTION_LIMIT,
  releasePlacesOfClosedTabs,
} from './relay/create-relay-service.ts';
import {RelayPlaces} from './relay/relay-places.ts';
import {RelayedDials} from './relay/relayed-dials.ts';
import {RelayMeter} from './relay/relay-meter.ts';

type Services = {
  identify: Identify;
  identifyPush: IdentifyPush;
  ping: Ping;
  relay: CircuitRelayService;
  dht: KadDHT;
};

type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export type ServerNode = {
  readonly libp2p: Libp2p<Services>;
  /** The records held here, for who asks from within. */
  readonly records: {
    readonly datastore: Pick<NewestRecordDatastore, 'list' | 'onStored' | 'onDropped'>;
    readonly reader: RecordReader;
  };
  /** Takes a WebSocket upgrade of the HTTP server: both share one port. */
  readonly upgrade: UpgradeHandler;
  counters(): NodeCounters;
  /** The tabs of each model, by the records held here. */
  swarm(): SwarmSummary;
  /** The refused records by what is wrong with them. */
  recordRefusals(): ReadonlyMap<Misconduct, number>;
  stop(): Promise<void>;
};

type Options = {
  /** Unix ms, as `createServerClock` gives. */
  readonly nowMs: () => number;
  /** Multiaddr under which tabs reach this server. */
  readonly announce: string;
  readonly keySeedHex: string | null;
  readonly maxTabs: number;
  /** The other named servers of the swarm. */
  readonly peers: readonly NamedServer[];
  readonly socketLimits: SocketLimits;
  readonly sourceOf: (request: IncomingMessage) => SourceAddress;
  readonly refusals: RefusalTally;
};

/** Everything is let in and the least useful ended: `ConnectionLimits`, `StrangerSockets`. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER;

type Parts = {
  readonly records: RecordService;
  readonly listeners: UpgradeListener[];
  readonly dials: RelayedDials;
  readonly places: RelayPlaces;
  readonly meter: RelayMeter;
};

/** Relay, DHT seed and directory: a libp2p node that decides nothing about layers or chains. */
export async function createServerNode(options: Options): Promise<ServerNode> {
  const maxConnections = options.maxTabs * 2;
  const peerServerIds = new Set<string>(options.peers.map(({peerId}) => peerId));
  const records = new RecordService({
    nowMs: options.nowMs,
    addressOf: sourceKeyOf,
    peerServerIds,
    maxConnections,
  });
  const reader = new RecordReader();
  const swarm = new SwarmReader({
    reader,
    datastore: records.datastore,
    stopwatchMs: () => performance.now(),
  });
  const listeners: UpgradeListener[] = [];
  const dials = new RelayedDials(options.refusals.add);
  const places = new RelayPlaces({limit: RELAYED_CONNECTION_LIMIT});
  const meter = new RelayMeter();
  const parts = {records, listeners, dials, places, meter};
  const libp2p = await startLibp2p(options, parts);
  meter.watchTargets(libp2p);
  releasePlacesOfClosedTabs(libp2p, parts);
  forgetPeersThatLeft(libp2p);
  const limits = new ConnectionLimits({
    libp2p,
    maxConnections,
    youngMs: options.socketLimits.youngMs,
    hasPlace: (peer) => places.get(peer) !== undefined,
    isServing: (peer) =>
      records.datastore.holdsRecordOf(peer.toString()) || peerServerIds.has(peer.toString()),
    refused: options.refusals.add,
  });
  await records.start(libp2p);
  return {
    libp2p,
    records: {datastore: records.datastore, reader},
    upgrade: upgradeHandlerOf(listeners),
    counters: () => ({
      ...meter.read(),
      reservations: places.size,
      dhtRecords: records.datastore.recordCount,
      refusedRecords: [...records.refusals().values()].reduce((sum, count) => sum + count, 0),
      connections: limits.connectionCount,
      directoryReaders: records.readerCount,
      refusals: {...options.refusals.read(), ...Object.fromEntries(records.refusals())},
    }),
    swarm: () => swarm.summary(),
    recordRefusals: () => records.refusals(),
    stop: async () => {
      await records.close();
      await libp2p.stop();
    },
  };
}

async function startLibp2p(options: Options, parts: Parts): Promise<Libp2p<Services>> {
  const {records, meter, dials, places, listeners} = parts;
  const {pingIntervalMs} = options.socketLimits;
  const pingTimeout = {minTimeout: pingIntervalMs, maxTimeout: pingIntervalMs};
  return await createLibp2p<Services>({
    privateKey: await createKey(options.keySeedHex),
    datastore: records.datastore,
    // Nobody listens there: connections come from the HTTP server's upgrades.
    addresses: {listen: ['/ip4/127.0.0.1/tcp/0/ws'], announce: [options.announce]},
    transports: [(components) => listenToUpgrades(components, {listeners, options})],
    connectionEncrypters: [noise()],
    streamMuxers: [records.muxerFactory],
    // Whoever is spoken to has come by itself: no address of a stranger is dialled, or kept.
    connectionGater: {...createEd25519Gater(), denyDialPeer: () => true},
    peerStore: {addressFilter: () => false},
    connectionManager: {
      maxConnections: NO_LIMIT,
      inboundConnectionThreshold: NO_LIMIT,
      maxIncomingPendingConnections: NO_LIMIT,
    },
    connectionMonitor: {pingInterval: pingIntervalMs, pingTimeout},
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      relay: createRelayService({meter, dials, places, sourceKeyOf}),
      dht: (components: KadDHTComponents) => records.createDht(components),
    },
  });
}

async function createKey(seedHex: string | null): Promise<PrivateKey> {
  if (seedHex === null) return await generateKeyPair('Ed25519');
  return await generateKeyPairFromSeed('Ed25519', Buffer.from(seedHex, 'hex'));
}

/** Dials as the WebSocket transport does, and takes connections from upgrades. */
function listenToUpgrades(
  components: WebSocketsComponents,
  {listeners, options}: {readonly listeners: UpgradeListener[]; readonly options: Options},
): Transport {
  const transport = webSockets()(components);
  transport.createListener = ({upgrader}) => {
    const {logger} = components;
    const {refusals, socketLimits, sourceOf} = options;
    const limits = {...socketLimits, refused: refusals.add, sourceOf};
    const listener = new UpgradeListener({upgrader, logger, limits});
    listeners.push(listener);
    return listener;
  };
  return transport;
}

function upgradeHandlerOf(listeners: readonly UpgradeListener[]): UpgradeHandler {
  const [listener] = listeners;
  assert(listener !== undefined, 'the node has a listener');
  return (request, socket, head) => void listener.takeUpgrade(request, socket, head);
}
