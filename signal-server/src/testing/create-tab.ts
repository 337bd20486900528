import {circuitRelayTransport} from '@libp2p/circuit-relay-v2';
import {generateKeyPair} from '@libp2p/crypto/keys';
import {identify, type Identify} from '@libp2p/identify';
import type {Libp2p, PrivateKey} from '@libp2p/interface';
import {kadDHT, passthroughMapper, type KadDHT} from '@libp2p/kad-dht';
import {ping} from '@libp2p/ping';
import {createLibp2p} from 'libp2p';
import {asPeerId} from '#shared/base/ids.ts';
import type {Directory} from '#shared/directory/directory.ts';
import {fetchBootstrap} from '#shared/transport/server-link/fetch-bootstrap.ts';
import {TabGuard} from '#shared/transport/guard/tab-guard.ts';
import {openLibp2pDirectory} from '#shared/directory/libp2p/libp2p-directory.ts';
import {endingWebSockets} from '#shared/transport/tab-node/ending-web-sockets.ts';
import {identifyConnections} from '#shared/transport/tab-node/identify-connections.ts';
import {tabMuxer} from '#shared/transport/tab-node/tab-muxer.ts';
import {tabNoise} from '#shared/transport/tab-node/tab-noise.ts';
import {WebSocketPaths} from '#shared/transport/tab-node/web-socket-paths.ts';
import {startRecordPublisher, type RecordPublisher} from '#shared/directory/record-publisher.ts';
import {
  createValidators,
  DHT_PROTOCOL,
  recordSelectors,
} from '#shared/directory/server/record-rules.ts';
import {
  startServerLink,
  type ServerLink,
  type ServerLinkState,
} from '#shared/transport/server-link/server-link.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import {createSwarmClock, type SwarmClock} from '#shared/transport/server-link/swarm-clock.ts';
import type {Bootstrap} from '#shared/protocol/bootstrap.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';

/** All tabs of these tests hold the same model. */
const PREFIX = recordPrefix(buildRecord().swarmId, buildRecord().manifestHash);

export type Tab = {
  readonly libp2p: Libp2p<{identify: Identify; dht: KadDHT}>;
  readonly link: ServerLink;
  readonly clock: SwarmClock;
  readonly states: readonly ServerLinkState[];
  /** How others would dial it. */
  addresses(): readonly string[];
  /** Opens the list of the swarm, as a tab that asks does. */
  openDirectory(): Promise<Directory>;
  /** Publishes a record of this tab, as one that lends does. */
  publish(directory: Directory): RecordPublisher;
  stop(): Promise<void>;
};

type Options = {
  readonly serverUrl: string;
  readonly clock?: SwarmClock;
  readonly onNetworkChange?: (listener: () => void) => () => void;
  /** What the network does to an answer of the bootstrap. */
  readonly rewrite?: (bootstrap: Bootstrap) => Bootstrap;
  /** May throw: then this try to identify a server fails. */
  readonly beforeIdentify?: () => void;
};

/** What a tab is made of, in this process: all but WebRTC. */
export async function createTab(options: Options): Promise<Tab> {
  const {serverUrl, clock = createSwarmClock(), rewrite = (bootstrap) => bootstrap} = options;
  const sockets = new WebSocketPaths();
  const privateKey = await generateKeyPair('Ed25519');
  const now = (): number => clock.nowMs();
  let named: ServerLink | null = null;
  const guard = new TabGuard({
    namedServers: () => named?.namedServers() ?? [],
    isAway: () => named?.isPaused ?? false,
  });
  const libp2p = await openNode({privateKey, guard, now, urlOf: sockets.urlOf});
  await guard.watch(libp2p);
  const {identify: service} = libp2p.services;
  const ask = service.identify.bind(service);
  service.identify = async (connection, identifyOptions) => {
    options.beforeIdentify?.();
    return await ask(connection, identifyOptions);
  };
  const addresses = () => libp2p.getMultiaddrs().map(String);
  identifyConnections({libp2p, isPlaceWanted: () => addresses().length === 0});
  const states: ServerLinkState[] = [];
  const closers: (() => Promise<void>)[] = [];
  const link = startServerLink({
    libp2p,
    clock,
    fetchBootstrap: async (fetchOptions) =>
      sockets.learn(rewrite(await fetchBootstrap(serverUrl, fetchOptions))),
    onState: (state) => states.push(state),
    ...(options.onNetworkChange && {onNetworkChange: options.onNetworkChange}),
  });
  named = link;
  return {
    libp2p,
    link,
    clock,
    states,
    addresses,
    openDirectory: async () => {
      const directory = await openLibp2pDirectory({libp2p, prefix: PREFIX, now, servers: link});
      closers.push(async () => await directory.close());
      return directory;
    },
    publish: (directory) => {
      const facts = buildRecord({peerId: asPeerId(libp2p.peerId.toString())});
      const publisher = startRecordPublisher({directory, privateKey, facts, now, link});
      closers.push(async () => await publisher.stop());
      return publisher;
    },
    stop: async () => {
      for (const close of closers.toReversed()) await close();
      link.stop();
      await libp2p.stop();
    },
  };
}

type Node = {
  readonly privateKey: PrivateKey;
  readonly guard: TabGuard;
  readonly now: () => number;
  readonly urlOf: WebSocketPaths['urlOf'];
};

async function openNode({privateKey, guard, now, urlOf}: Node): Promise<Tab['libp2p']> {
  return await createLibp2p({
    privateKey,
    addresses: {listen: ['/p2p-circuit']},
    transports: [endingWebSockets(urlOf), guard.relays(circuitRelayTransport())],
    connectionEncrypters: [await tabNoise()],
    streamMuxers: [tabMuxer()],
    connectionGater: guard.gater,
    connectionMonitor: {enabled: false},
    peerStore: {maxAddressAge: Infinity, maxPeerAge: Infinity},
    services: {
      identify: identify({runOnConnectionOpen: false}),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: true,
        peerInfoMapper: passthroughMapper,
        validators: createValidators(now),
        selectors: recordSelectors,
        initialQuerySelfInterval: 1,
      }),
    },
  });
}
