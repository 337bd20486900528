import type {Connection} from '@libp2p/interface';
import {WeftError} from '#shared/base/errors.ts';
import {asManifestHash, asPeerId, asSwarmId} from '#shared/base/ids.ts';
import {fromBase64, toBase64} from '#shared/directory/records/base64.ts';
import {isDirectConnection} from '#shared/transport/direct-path.ts';
import type {Directory} from '#shared/directory/directory.ts';
import {fetchBootstrap} from '#shared/transport/server-link/fetch-bootstrap.ts';
import {openLibp2pDirectory} from '#shared/directory/libp2p/libp2p-directory.ts';
import {openLibp2pStreamTransport} from '#shared/transport/libp2p-stream-transport.ts';
import {
  startRecordPublisher,
  type NodeFacts,
  type RecordPublisher,
} from '#shared/directory/record-publisher.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import {PeerAddresses} from '#shared/transport/addresses/peer-addresses.ts';
import type {FrameListener, Transport} from '#shared/transport/transport.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import {
  createLibp2pNode,
  type BrowserNode,
} from '../../../web/src/node/swarm/libp2p-node/create-libp2p-node.ts';
import {loadIdentity} from '../../../web/src/node/swarm/libp2p-node/load-identity.ts';
import {WorkerLinkChannels} from '../../../web/src/node/link-worker/worker-link-channels.ts';
import {readLinkPaths} from '../../../web/src/node/swarm/libp2p-node/read-link-paths.ts';
import {attackChannel} from './attack-channel.ts';
import {BareChannel} from './bare-channel.ts';
import {timeEchoes} from './time-echoes.ts';
import type {
  Call,
  FrameWay,
  NetworkControl,
  NetworkEvents,
  Outcome,
  TransportChoice,
} from './network-control.ts';

declare global {
  var weftNet: NetworkControl;
  var weftFrame: NetworkEvents['weftFrame'];
  var weftLost: NetworkEvents['weftLost'];
}

const manifestHash = asManifestHash('ab'.repeat(32));
const swarmId = asSwarmId('public');
const JOIN_TIMEOUT_MS = 60_000;
const CALL_TIMEOUT_MS = 60_000;

const limited = () => ({signal: AbortSignal.timeout(CALL_TIMEOUT_MS)});

type Joined = {
  readonly node: BrowserNode;
  readonly directory: Directory;
  readonly publisher: RecordPublisher;
};

let joined: Joined | null = null;
let transport: Transport | null = null;
const bare = new BareChannel();
let channels: WorkerLinkChannels | null = null;
const workerLosses: string[] = [];
const calls = new Map<number, AbortController>();

function running(): Joined {
  if (joined === null) throw new Error('join() first');
  return joined;
}

function openedTransport(): Transport {
  if (transport === null) throw new Error('openTransport() first');
  return transport;
}

function describeNode(node: BrowserNode): NodeFacts {
  return {
    peerId: node.peerId,
    protocolMajor: PROTOCOL_MAJOR,
    protocolMinor: PROTOCOL_MINOR,
    swarmId,
    manifestHash,
    addresses: node.addresses(),
    engineClass: 'wasm-f32',
    capacityLayers: {plain: 1, first: 1, last: 1, both: 1},
    shards: [],
    claim: null,
    decodeMsPerLayer: {fixedMs: 1, perSessionMs: 0},
    prefillMsPerTokenLayer: 1,
    hopOverheadMs: 1,
    steady: null,
    uplinkBytesPerSec: null,
    rtts: [],
    coords: null,
    maxSessions: 1,
    openSessions: 0,
    kvTokensFree: 1,
    kvTokens: 1,
    served: null,
    unreachable: [],
  };
}

async function join() {
  const startMs = performance.now();
  const {privateKey} = await loadIdentity();
  const node = await createLibp2pNode({
    privateKey,
    fetchBootstrap: (options) => fetchBootstrap(location.origin, options),
    signal: AbortSignal.timeout(JOIN_TIMEOUT_MS),
  });
  const now = () => node.clock.nowMs();
  const directory = await openLibp2pDirectory({
    libp2p: node.libp2p,
    prefix: recordPrefix(swarmId, manifestHash),
    now,
    servers: node.server,
  });
  const publisher = startRecordPublisher({
    directory,
    privateKey,
    now,
    facts: describeNode(node),
  });
  node.onAddressesChanged(() => publisher.update({addresses: node.addresses()}));
  addEventListener('pagehide', () => node.life.leave());
  joined = {node, directory, publisher};
  const joinMs = performance.now() - startMs;
  return {peerId: node.peerId, joinMs, isIsolated: crossOriginIsolated};
}

async function newTransport(way: FrameWay): Promise<Transport> {
  const {node, directory} = running();
  channels?.close();
  channels = way === 'channels' ? openChannels() : null;
  const addresses = new PeerAddresses({
    listedOf: (peer) =>
      directory.list().records.find(({peerId}) => peerId === peer)?.addresses ?? null,
    namedServers: () => node.server.namedServers(),
    stopwatchMs: () => performance.now(),
  });
  return await openLibp2pStreamTransport({
    libp2p: node.libp2p,
    ...(channels !== null && {channels}),
    addressesOf: (peer) => addresses.of(peer),
  });
}

async function openTransport({way, listener}: TransportChoice): Promise<void> {
  const opened = await newTransport(way);
  const tell: FrameListener = (from, frame) =>
    globalThis.weftFrame(from, toBase64(frame), opened.traffic());
  const echo: FrameListener = (from, frame) => opened.send(from, frame, limited());
  if (listener !== 'nobody') opened.onFrame(listener === 'test' ? tell : echo);
  opened.onPeerClosed((peer, loss) => void globalThis.weftLost(peer, loss));
  transport = opened;
}

function openChannels(): WorkerLinkChannels {
  const opened = new WorkerLinkChannels();
  opened.onLost(({detail: {code}}) => workerLosses.push(code));
  return opened;
}

async function runCall({id, method, to, frame}: Call): Promise<Outcome> {
  const abort = new AbortController();
  calls.set(id, abort);
  const options = {signal: AbortSignal.any([abort.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)])};
  const opened = openedTransport();
  const peer = asPeerId(to);
  try {
    let value = 0;
    if (method === 'connect') await opened.connect(peer, options);
    else if (method === 'awaitLink') await opened.awaitLink(peer, options);
    else if (method === 'send') await opened.send(peer, fromBase64(frame), options);
    else value = await opened.measureRtt(peer, options);
    return {kind: 'done', value, traffic: opened.traffic()};
  } catch (error) {
    if (error instanceof WeftError) {
      return {kind: 'refused', detail: detailOf(error), sentence: sentenceOf(error)};
    }
    return {kind: 'failed', reason: error instanceof Error ? String(error) : error};
  } finally {
    calls.delete(id);
  }
}

const detailOf = (error: WeftError): {readonly code: string} => error.detail;

/** The message with those of its causes, so that a failure in a tab can be read in the log. */
function sentenceOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined
    ? error.message
    : `${error.message} ← ${sentenceOf(error.cause)}`;
}

function peerConnections(): readonly Connection[] {
  return running()
    .node.libp2p.getConnections()
    .filter((other) => other.multiplexer === '/webrtc' && isDirectConnection(other));
}

globalThis.weftNet = {
  join,
  listed: () => {
    const {records, state} = running().directory.list();
    return {peerIds: records.map(({peerId}) => peerId), state};
  },
  serverId: () => {
    const state = running().node.server.state();
    return state.kind === 'connected' ? state.bootstrap.peerId : '';
  },
  openTransport,
  call: runCall,
  abort: (id, reason) => calls.get(id)?.abort(reason),
  cut: () => {
    for (const connection of peerConnections()) connection.abort(new Error('cut by the test'));
  },
  closeTransport: async () => {
    await openedTransport().close();
  },
  links: () => readLinkPaths(running().node.libp2p),
  blast: async ({to, frameCount, frameBytes}) => {
    const options = limited();
    const opened = openedTransport();
    const startMs = performance.now();
    for (let sent = 0; sent < frameCount; sent += 1) {
      await opened.send(asPeerId(to), new Uint8Array(frameBytes), options);
    }
    await opened.measureRtt(asPeerId(to), options);
    return {elapsedMs: performance.now() - startMs};
  },
  describeBare: (offer) => bare.describe(offer),
  acceptBare: (answer) => bare.accept(answer),
  echoBare: (bytes) => {
    bare.echo(bytes);
  },
  timeBareEchoes: (plan) => bare.timeEchoes(plan),
  echoes: async ({to, count, frameBytes}) =>
    timeEchoes(openedTransport(), asPeerId(to), {count, bytes: frameBytes}),
  roundTrips: async ({to, count, everyMs}) => {
    const trips: Promise<number>[] = [];
    while (trips.length < count) {
      trips.push(openedTransport().measureRtt(asPeerId(to), limited()));
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
    return await Promise.all(trips);
  },
  block: (forMs) => {
    const untilMs = performance.now() + forMs;
    while (performance.now() < untilMs) continue;
  },
  openHalves: () => channels?.openHalves ?? 0,
  subflows: () => channels?.subflowCount ?? 0,
  workerLosses: () => workerLosses,
  violations: () =>
    openedTransport()
      .traffic()
      .reduce((sum, peer) => sum + peer.violations, 0),
  attack: async ({to, attack}) => {
    const connection = peerConnections().find(({remotePeer}) => remotePeer.toString() === to);
    if (connection === undefined) throw new Error('Connect first');
    await attackChannel(connection, attack);
  },
  unlist: async () => {
    await running().publisher.stop();
  },
  leave: async () => {
    const {node, directory, publisher} = running();
    await publisher.stop();
    await transport?.close();
    await directory.close();
    await node.stop();
  },
};
