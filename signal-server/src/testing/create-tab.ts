import {circuitRelayTransport} from '@libp2p/circuit-relay-v2';
import {identify, type Identify} from '@libp2p/identify';
import type {Libp2p} from '@libp2p/interface';
import {kadDHT, passthroughMapper, type KadDHT} from '@libp2p/kad-dht';
import {noise} from '@libp2p/noise';
import {ping} from '@libp2p/ping';
import {yamux} from '@libp2p/yamux';
import {createLibp2p} from 'libp2p';
import {createEd25519Gater} from '#shared/p2p/ed25519-gater.ts';
import {fetchBootstrap} from '#shared/p2p/fetch-bootstrap.ts';
import {endingWebSockets} from '#shared/p2p/link/ending-web-sockets.ts';
import {identifyConnections} from '#shared/p2p/link/identify-connections.ts';
import {WebSocketPaths} from '#shared/p2p/link/web-socket-paths.ts';
import {createValidators, DHT_PROTOCOL, recordSelectors} from '#shared/p2p/record-rules.ts';
import {startServerLink, type ServerLink, type ServerLinkState} from '#shared/p2p/server-link.ts';
import {createSwarmClock, type SwarmClock} from '#shared/p2p/swarm-clock.ts';
import type {Bootstrap} from '#shared/protocol/bootstrap.ts';

export type Tab = {
  readonly libp2p: Libp2p<{identify: Identify; dht: KadDHT}>;
  readonly link: ServerLink;
  readonly clock: SwarmClock;
  readonly states: readonly ServerLinkState[];
  /** How others would dial it. */
  addresses(): readonly string[];
  stop(): Promise<void>;
};

type Options = {
  readonly serverUrl: string;
  readonly clock?: SwarmClock;
  /** What the network does to an answer of the bootstrap. */
  readonly rewrite?: (bootstrap: Bootstrap) => Bootstrap;
  /** May throw: then this try to identify a server fails. */
  readonly beforeIdentify?: () => void;
};

/** What a tab is made of, in this process: all but WebRTC. */
export async function createTab(options: Options): Promise<Tab> {
  const {serverUrl, clock = createSwarmClock(), rewrite = (bootstrap) => bootstrap} = options;
  const sockets = new WebSocketPaths();
  const libp2p = await createLibp2p({
    addresses: {listen: ['/p2p-circuit']},
    transports: [endingWebSockets(sockets.urlOf), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: createEd25519Gater(),
    connectionMonitor: {enabled: false},
    peerStore: {maxAddressAge: Infinity, maxPeerAge: Infinity},
    services: {
      identify: identify({runOnConnectionOpen: false}),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: true,
        peerInfoMapper: passthroughMapper,
        validators: createValidators(() => clock.nowMs()),
        selectors: recordSelectors,
        initialQuerySelfInterval: 1,
      }),
    },
  });
  const {identify: service} = libp2p.services;
  const ask = service.identify.bind(service);
  service.identify = async (connection, identifyOptions) => {
    options.beforeIdentify?.();
    return await ask(connection, identifyOptions);
  };
  const addresses = () => libp2p.getMultiaddrs().map(String);
  identifyConnections({libp2p, isPlaceWanted: () => addresses().length === 0});
  const states: ServerLinkState[] = [];
  const link = startServerLink({
    libp2p,
    clock,
    fetchBootstrap: async (fetchOptions) =>
      sockets.learn(rewrite(await fetchBootstrap(serverUrl, fetchOptions))),
    onState: (state) => states.push(state),
  });
  return {
    libp2p,
    link,
    clock,
    states,
    addresses,
    stop: async () => {
      link.stop();
      await libp2p.stop();
    },
  };
}
