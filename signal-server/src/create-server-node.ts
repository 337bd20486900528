import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import type {CircuitRelayService} from '@libp2p/circuit-relay-v2';
import {generateKeyPair, generateKeyPairFromSeed} from '@libp2p/crypto/keys';
import {identify, identifyPush, type Identify, type IdentifyPush} from '@libp2p/identify';
import type {Libp2p, Listener, PrivateKey, Transport} from '@libp2p/interface';
import {kadDHT, passthroughMapper, type KadDHT} from '@libp2p/kad-dht';
import {noise} from '@libp2p/noise';
import {ping, type Ping} from '@libp2p/ping';
import {webSockets, type WebSocketsComponents} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {createLibp2p} from 'libp2p';
import {assert} from '#shared/assert.ts';
import {serveDirectory} from '#shared/p2p/directory-server.ts';
import {createEd25519Gater} from '#shared/p2p/ed25519-gater.ts';
import {RecordIntake} from '#shared/p2p/intake/record-intake.ts';
import {servePuts} from '#shared/p2p/intake/serve-puts.ts';
import {NewestRecordDatastore} from '#shared/p2p/newest-record-datastore.ts';
import {createValidators, DHT_PROTOCOL, recordSelectors} from '#shared/p2p/record-rules.ts';
import type {PutRefusal} from '#shared/protocol/put-message.ts';
import {createRelayService, RelayMeter, releaseReservationsOfClosedTabs} from './relay.ts';

type Services = {
  identify: Identify;
  identifyPush: IdentifyPush;
  ping: Ping;
  relay: CircuitRelayService;
  dht: KadDHT;
};

export type ServerCounters = {
  readonly relayedBytes: number;
  readonly relayedConnections: number;
  /** Those that are open now. */
  readonly openRelayedConnections: number;
  readonly reservations: number;
  readonly dhtRecords: number;
  /** Lying, late or broken records that were offered to the DHT. */
  readonly refusedRecords: number;
  readonly connections: number;
};

type UpgradeHandler = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export type ServerNode = {
  readonly libp2p: Libp2p<Services>;
  /** Takes a WebSocket upgrade of the HTTP server: both share one port. */
  readonly upgrade: UpgradeHandler;
  counters(): ServerCounters;
  /** The refused records by what is wrong with them. */
  recordRefusals(): ReadonlyMap<PutRefusal, number>;
  stop(): Promise<void>;
};

type Options = {
  /** Multiaddr under which tabs reach this server. */
  readonly announce: string;
  readonly keySeedHex: string | null;
  readonly maxTabs: number;
};

/** Relay, DHT seed and directory: a libp2p node that decides nothing about layers or chains. */
export async function createServerNode(options: Options): Promise<ServerNode> {
  const datastore = new NewestRecordDatastore({now: Date.now});
  const listeners: Listener[] = [];
  const meter = new RelayMeter();
  const refusals = new Map<PutRefusal, number>();
  const onRefused = (code: PutRefusal) => refusals.set(code, (refusals.get(code) ?? 0) + 1);
  const intake = new RecordIntake({datastore, now: Date.now, onRefused});
  const libp2p = await createLibp2p<Services>({
    privateKey: await createKey(options.keySeedHex),
    datastore,
    // The listener never sees this port: its connections come from the HTTP server's upgrades.
    addresses: {listen: ['/ip4/127.0.0.1/tcp/0/ws'], announce: [options.announce]},
    transports: [(components) => captureListeners(components, listeners)],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: createEd25519Gater(),
    connectionManager: {
      maxConnections: options.maxTabs * 2,
      // Tabs behind one address, as in a classroom, join in the same second.
      inboundConnectionThreshold: 100,
      maxIncomingPendingConnections: 200,
    },
    services: {
      identify: identify(),
      identifyPush: identifyPush(),
      ping: ping(),
      relay: createRelayService(options.maxTabs, meter),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: false,
        peerInfoMapper: passthroughMapper,
        validators: createValidators(Date.now, onRefused),
        selectors: recordSelectors,
      }),
    },
  });
  meter.watchTargets(libp2p);
  releaseReservationsOfClosedTabs(libp2p);
  const directory = await serveDirectory({libp2p, datastore});
  const puts = await servePuts({libp2p, intake});
  return {
    libp2p,
    upgrade: upgradeHandlerOf(listeners),
    counters: () => ({
      ...meter.read(),
      reservations: libp2p.services.relay.reservations.size,
      dhtRecords: datastore.recordCount,
      refusedRecords: [...refusals.values()].reduce((sum, count) => sum + count, 0),
      connections: libp2p.getConnections().length,
    }),
    recordRefusals: () => refusals,
    stop: async () => {
      await puts.close();
      await directory.close();
      await libp2p.stop();
    },
  };
}

async function createKey(seedHex: string | null): Promise<PrivateKey> {
  if (seedHex === null) return await generateKeyPair('Ed25519');
  return await generateKeyPairFromSeed('Ed25519', Buffer.from(seedHex, 'hex'));
}

function captureListeners(components: WebSocketsComponents, listeners: Listener[]): Transport {
  const transport = webSockets()(components);
  const createListener = transport.createListener.bind(transport);
  transport.createListener = (init) => {
    const listener = createListener(init);
    listeners.push(listener);
    return listener;
  };
  return transport;
}

/** `onUpgrade` is public in the listener's class but not in libp2p's interface. */
function upgradeHandlerOf(listeners: readonly Listener[]): UpgradeHandler {
  const listener = listeners[0];
  assert(listener !== undefined && 'onUpgrade' in listener, 'a WebSocket listener takes upgrades');
  const {onUpgrade} = listener;
  assert(typeof onUpgrade === 'function', 'onUpgrade is a method');
  return (request, socket, head) => {
    onUpgrade.call(listener, request, socket, head);
  };
}
