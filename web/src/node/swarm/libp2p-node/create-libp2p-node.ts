import {circuitRelayTransport} from '@libp2p/circuit-relay-v2';
import {identify, identifyPush, type Identify, type IdentifyPush} from '@libp2p/identify';
import type {Libp2p, PrivateKey} from '@libp2p/interface';
import {kadDHT, passthroughMapper, type KadDHT} from '@libp2p/kad-dht';
import {ping, type Ping} from '@libp2p/ping';
import {WebRTC} from '@multiformats/multiaddr-matcher';
import {createLibp2p} from 'libp2p';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import {TAB_CONNECTIONS, TabGuard} from '#shared/transport/guard/tab-guard.ts';
import {endingWebSockets} from '#shared/transport/tab-node/ending-web-sockets.ts';
import {identifyConnections} from '#shared/transport/tab-node/identify-connections.ts';
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
import {createSwarmClock, type SwarmClock} from '#shared/transport/server-link/swarm-clock.ts';
import {releasedConnections} from '#shared/transport/tab-node/released-connections.ts';
import {tabMuxer} from '#shared/transport/tab-node/tab-muxer.ts';
import {tabNoise} from '#shared/transport/tab-node/tab-noise.ts';
import {WebSocketPaths} from '#shared/transport/tab-node/web-socket-paths.ts';
import {untilAborted} from '#shared/base/until-aborted.ts';
import type {Bootstrap} from '#shared/protocol/bootstrap.ts';
import type {IceServer} from '#shared/protocol/ice-server.ts';
import type {PageLife} from '../../../ports/page-life.ts';
import {dropSilentLinks} from './drop-silent-links.ts';
import {loadWebRtc} from './load-webrtc.ts';

type Services = {identify: Identify; identifyPush: IdentifyPush; ping: Ping; dht: KadDHT};

export type BrowserNode = {
  readonly libp2p: Libp2p<Services>;
  readonly peerId: PeerId;
  readonly server: ServerLink;
  /** What strangers may cost this tab. */
  readonly guard: TabGuard;
  /** By which records are dated. */
  readonly clock: SwarmClock;
  /** Multiaddrs under which other tabs can dial this one; empty while no relay is reserved. */
  addresses(): readonly string[];
  onAddressesChanged(listener: () => void): () => void;
  /** Neighbours hear of a page that is left in a fraction of a second, and not by silence. */
  readonly life: PageLife;
  stop(): Promise<void>;
};

type Options = {
  readonly privateKey: PrivateKey;
  readonly fetchBootstrap: (options: {readonly signal: AbortSignal}) => Promise<Bootstrap>;
  readonly onServerState?: (state: ServerLinkState) => void;
  /** Calls back when the network has gone, is back, or is another one. */
  readonly onNetworkChange?: (listener: () => void) => () => void;
  readonly signal: AbortSignal;
};

/**
 * 4 SCTP packets of 1191 bytes: all that Chromium sends of one message before
 * it waits for an acknowledgement. Longer messages cost a round trip each.
 */
const DATA_CHANNEL_MESSAGE_BYTES = 4608;
const MAX_ADDRESSES = 4;
/** The second comes up to a second later, but also when a relay is lost. */
const ADDRESS_EVENTS = ['transport:listening', 'self:peer:update'] as const;

/**
 * The libp2p node of a tab, connected to the signal server and reachable by
 * WebRTC.
 *
 * @throws the reason of `signal`, when no server was found before it fired;
 *   {WebRtcMissingError} at once in a browser without WebRTC.
 */
export async function createLibp2pNode(options: Options): Promise<BrowserNode> {
  const clock = createSwarmClock();
  const sockets = new WebSocketPaths();
  let iceServers: readonly IceServer[] = [];
  let link: ServerLink | null = null;
  const guard = new TabGuard({
    namedServers: () => link?.namedServers() ?? [],
    isAway: () => link?.isPaused ?? false,
  });
  const libp2p = await openLibp2p({
    privateKey: options.privateKey,
    sockets,
    guard,
    iceServers: () => iceServers,
    nowMs: () => clock.nowMs(),
  });
  await guard.watch(libp2p);
  dropSilentLinks(libp2p);
  const server = startServerLink({
    libp2p,
    clock,
    fetchBootstrap: async (fetchOptions) => {
      const bootstrap = sockets.learn(await options.fetchBootstrap(fetchOptions));
      ({iceServers} = bootstrap);
      return bootstrap;
    },
    ...(options.onServerState && {onState: options.onServerState}),
    ...(options.onNetworkChange && {onNetworkChange: options.onNetworkChange}),
  });
  link = server;
  const node = describeNode({libp2p, server, clock, guard});
  identifyConnections({
    libp2p,
    isPlaceWanted: ({remotePeer}) =>
      node.addresses().length === 0 &&
      server.namedServers().some(({peerId}) => peerId === remotePeer.toString()),
  });
  try {
    await untilAborted(untilReachable(node), options.signal);
    return node;
  } catch (cause) {
    await node.stop();
    throw cause;
  }
}

type Parts = {
  readonly privateKey: PrivateKey;
  readonly sockets: WebSocketPaths;
  readonly guard: TabGuard;
  readonly iceServers: () => readonly IceServer[];
  readonly nowMs: () => number;
};

async function openLibp2p(parts: Parts): Promise<Libp2p<Services>> {
  const {privateKey, sockets, guard, iceServers, nowMs} = parts;
  const webRTC = await loadWebRtc();
  return await createLibp2p<Services>({
    privateKey,
    // Not the relay's address: a fixed relay is never reserved again after a restart (js-libp2p #3601).
    addresses: {listen: ['/p2p-circuit', '/webrtc']},
    transports: [
      endingWebSockets(sockets.urlOf),
      guard.relays(circuitRelayTransport()),
      guard.signaling(
        releasedConnections(
          webRTC({
            rtcConfiguration: () => rtcConfiguration(iceServers()),
            dataChannel: {maxMessageSize: DATA_CHANNEL_MESSAGE_BYTES},
          }),
        ),
      ),
    ],
    connectionEncrypters: [await tabNoise()],
    streamMuxers: [tabMuxer()],
    connectionGater: guard.gater,
    connectionManager: TAB_CONNECTIONS,
    // By the wall clock, anybody met a day ago is forgotten: also when that clock was set.
    peerStore: {maxAddressAge: Infinity, maxPeerAge: Infinity},
    // A tab that computes answers late: not a reason to cut it off. Servers are judged by their link.
    connectionMonitor: {enabled: false},
    services: {
      // Done by `identifyConnections`, which tries again.
      identify: identify({runOnConnectionOpen: false, runOnLimitedConnection: false}),
      identifyPush: identifyPush({runOnLimitedConnection: false}),
      ping: ping(),
      dht: kadDHT({
        protocol: DHT_PROTOCOL,
        clientMode: true,
        peerInfoMapper: passthroughMapper,
        validators: createValidators(nowMs),
        selectors: recordSelectors,
        initialQuerySelfInterval: 1,
      }),
    },
  });
}

function rtcConfiguration(iceServers: readonly IceServer[]): RTCConfiguration {
  return {iceServers: iceServers.map((server) => ({...server, urls: [...server.urls]}))};
}

function describeNode(
  parts: Pick<BrowserNode, 'libp2p' | 'server' | 'clock' | 'guard'>,
): BrowserNode {
  const {libp2p, server} = parts;
  const endConnections = (): void => {
    for (const connection of libp2p.getConnections()) {
      connection.abort(new Error('The page is being left'));
    }
  };
  return {
    ...parts,
    peerId: asPeerId(libp2p.peerId.toString()),
    addresses: () =>
      libp2p
        .getMultiaddrs()
        .filter((address) => WebRTC.matches(address))
        .map(String)
        .slice(0, MAX_ADDRESSES),
    onAddressesChanged: (listener) => {
      for (const event of ADDRESS_EVENTS) libp2p.addEventListener(event, listener);
      return () => {
        for (const event of ADDRESS_EVENTS) libp2p.removeEventListener(event, listener);
      };
    },
    life: {
      leave: () => {
        server.stop();
        endConnections();
      },
      pause: () => {
        server.pause();
        endConnections();
      },
      resume: () => {
        server.resume();
      },
    },
    stop: async () => {
      server.stop();
      await libp2p.stop();
    },
  };
}

async function untilReachable(node: BrowserNode): Promise<void> {
  const reachable = Promise.withResolvers<void>();
  const check = () => {
    if (node.addresses().length > 0) reachable.resolve();
  };
  const stop = node.onAddressesChanged(check);
  check();
  await reachable.promise;
  stop();
}
