import type {SwarmId} from '#shared/base/ids.ts';
import type {Directory} from '#shared/directory/directory.ts';
import {openLibp2pDirectory} from '#shared/directory/libp2p/libp2p-directory.ts';
import {PeerAddresses} from '#shared/transport/addresses/peer-addresses.ts';
import {openLibp2pStreamTransport} from '#shared/transport/libp2p-stream-transport.ts';
import type {NodeFacts} from '#shared/directory/record-publisher.ts';
import type {CheckListed} from '#shared/directory/records/check-listed.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import {fetchBootstrap} from '#shared/transport/server-link/fetch-bootstrap.ts';
import {firstListing} from '#shared/directory/first-listing.ts';
import type {ServerLinkState} from '#shared/transport/server-link/server-link.ts';
import type {LinkChannels} from '#shared/transport/channel/link-channels.ts';
import type {Transport} from '#shared/transport/transport.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import {snapshotOf, type SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import type {DeviceState} from '../../ports/device-state.ts';
import type {PageLife} from '../../ports/page-life.ts';
import {WorkerLinkChannels} from '../link-worker/worker-link-channels.ts';
import {LinkBook} from '../measure/link-book.ts';
import {MeasuredTransport} from '../measure/measured-transport.ts';
import {WatchedDevice} from '../measure/watched-device.ts';
import {joinFailure} from './join-failure.ts';
import {createLibp2pNode, type BrowserNode} from './libp2p-node/create-libp2p-node.ts';
import {createEphemeralIdentity, loadIdentity, type Identity} from './libp2p-node/load-identity.ts';
import {readLinkPaths} from './libp2p-node/read-link-paths.ts';
import type {OfferedModel} from '#shared/client/model/load-manifest.ts';
import type {LocalNetworkAccess} from './local-network/local-network-access.ts';
import {NewestRecords} from '#shared/directory/newest-records.ts';
import {publishNode} from './publish-node.ts';
import {RecordChecks} from './record-worker/record-checks.ts';
import type {OwnFacts, SwarmMembership} from './swarm-membership.ts';

export type JoinOptions = {
  /** Where the page of the server is; ends with a slash. */
  readonly siteUrl: string;
  readonly model: OfferedModel;
  /** Which servers beside that of the page may be contacted. */
  readonly localNetwork: Pick<LocalNetworkAccess, 'reachable' | 'onAllowed'>;
  /** Whether the node forgets who it was when the tab closes. */
  readonly isEphemeral: boolean;
  /** Calls back with the state of the device, now and on every change. */
  readonly watchDevice: (listener: (state: DeviceState) => void) => void;
  /** Does what it is given when the page is left, and when it is back. */
  readonly followPage: (life: PageLife) => void;
  /** Calls back when the browser says that the network has gone, is back, or is another one. */
  readonly onNetworkChange: (listener: () => void) => () => void;
  /** Called when the link to the signal servers is lost, fails again, or is back. */
  readonly onServerState?: (state: ServerLinkState) => void;
};

const JOIN_TIMEOUT_MS = 30_000;
/** A server whose list does not come is one whose records come one by one, if at all. */
const LISTING_PATIENCE_MS = 5_000;

/**
 * Joins the swarm of one model: libp2p node, directory, transport.
 *
 * @throws {WeftError} what kept this tab out: `SERVER_UNREACHABLE`, `WEBSOCKET_BLOCKED`,
 *   `NO_RELAY_PLACE`, `WEBRTC_MISSING`. Joining again may work at any time.
 */
export async function joinSwarm(options: JoinOptions): Promise<SwarmMembership> {
  const identity = await (options.isEphemeral ? createEphemeralIdentity() : loadIdentity());
  const node = await openNode(options, identity);
  options.followPage(node.life);
  const {swarmId} = await node.server.connected;
  const nowMs = (): number => node.clock.nowMs();
  const prefix = recordPrefix(swarmId, options.model.manifestHash);
  const book = new LinkBook();
  const checks = new RecordChecks();
  const directory = await openDirectory(node, {prefix, now: nowMs, book, check: checks.check});
  const records = new NewestRecords(directory);
  const channels = new WorkerLinkChannels();
  const transport = await openLinks({node, records, book, channels});
  const device = new WatchedDevice(options.watchDevice);
  let last: SwarmSnapshot | null = null;
  const snapshotWith = (own: NodeRecord | null): SwarmSnapshot => {
    last = snapshotOf(own === null ? records.all : [...records.all, own], nowMs(), last);
    return last;
  };
  return {
    peerId: node.peerId,
    swarmId,
    model: options.model,
    transport,
    nowMs,
    snapshotWith,
    records: () => records.all,
    directoryState: () => records.state,
    onSnapshot: (listener) => records.subscribe(listener),
    onDevice: (listener) => device.subscribe(listener),
    publish: ({isServing, ...facts}) =>
      publishNode({
        node,
        directory,
        privateKey: identity.privateKey,
        transport,
        book,
        nodes: () => snapshotWith(null).nodes,
        isServing,
        nowMs,
        facts: {
          ...firstFacts(node, options, swarmId),
          ...facts,
        },
      }),
    links: () => readLinkPaths(node.libp2p),
    onLinkWorkerLost: (listener) => channels.onLost(listener),
    close: async () => {
      records.close();
      await transport.close();
      channels.close();
      await directory.close();
      checks.close();
      await node.stop();
      identity.release();
    },
  };
}

function stopwatchMs(): number {
  return performance.now();
}

async function openDirectory(
  {libp2p, server}: BrowserNode,
  {
    book,
    ...options
  }: {
    readonly prefix: string;
    readonly now: () => number;
    readonly check: CheckListed;
    readonly book: LinkBook;
  },
): Promise<Directory> {
  const directory = await openLibp2pDirectory({
    libp2p,
    servers: server,
    isNeighbour: (peerId) => book.sampleCount(peerId) > 0,
    ...options,
  });
  // Asking at once would find that nobody holds anything.
  await firstListing(directory, {signal: AbortSignal.timeout(LISTING_PATIENCE_MS)});
  return directory;
}

async function openLinks({
  node: {libp2p, server, guard},
  records,
  book,
  channels,
}: {
  readonly node: BrowserNode;
  readonly records: NewestRecords;
  readonly book: LinkBook;
  readonly channels: LinkChannels;
}): Promise<Transport> {
  const addresses = new PeerAddresses({
    listedOf: (peerId) => records.addressesOf(peerId),
    namedServers: () => server.namedServers(),
    stopwatchMs,
  });
  const inner = await openLibp2pStreamTransport({
    libp2p,
    addressesOf: (peerId) => addresses.of(peerId),
    onFlood: guard.shutOut,
    channels,
  });
  const transport = new MeasuredTransport({transport: inner, book, stopwatchMs});
  guard.acquaint({
    isKnown: (peerId) => records.has(peerId) || book.sampleCount(peerId) > 0,
    isBusy: (peerId) => transport.hasSentLately(peerId),
  });
  return transport;
}

async function openNode(options: JoinOptions, identity: Identity): Promise<BrowserNode> {
  let state: ServerLinkState | null = null;
  const signal = AbortSignal.timeout(JOIN_TIMEOUT_MS);
  try {
    return await createLibp2pNode({
      privateKey: identity.privateKey,
      fetchBootstrap: async (fetchOptions) => {
        const bootstrap = await fetchBootstrap(options.siteUrl, fetchOptions);
        return {...bootstrap, peers: await options.localNetwork.reachable(bootstrap.peers)};
      },
      onServerState: (next) => {
        state = next;
        options.onServerState?.(next);
      },
      onNetworkChange: (listener) => {
        const {onNetworkChange, localNetwork} = options;
        const forget = [onNetworkChange(listener), localNetwork.onAllowed(listener)];
        return () => {
          for (const stop of forget) stop();
        };
      },
      signal,
    });
  } catch (cause) {
    identity.release();
    if (!signal.aborted) throw cause;
    throw joinFailure({siteUrl: options.siteUrl, state, cause});
  }
}

/** What a record says before anything was placed or measured. */
function firstFacts(
  node: BrowserNode,
  {model}: JoinOptions,
  swarmId: SwarmId,
): Omit<NodeFacts, keyof OwnFacts> {
  return {
    peerId: node.peerId,
    protocolMajor: PROTOCOL_MAJOR,
    protocolMinor: PROTOCOL_MINOR,
    swarmId,
    manifestHash: model.manifestHash,
    addresses: node.addresses(),
    shards: [],
    claim: null,
    hopOverheadMs: 0,
    steady: null,
    uplinkBytesPerSec: null,
    rtts: [],
    coords: null,
    openSessions: 0,
    served: null,
    unreachable: [],
  };
}
