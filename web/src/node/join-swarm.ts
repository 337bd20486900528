import {WeftError} from '#shared/errors.ts';
import {asPeerId} from '#shared/ids.ts';
import {openKadDirectory} from '#shared/p2p/kad-directory.ts';
import {openLibp2pStreamTransport} from '#shared/p2p/libp2p-stream-transport.ts';
import {startRecordPublisher, type NodeFacts} from '#shared/p2p/record-publisher.ts';
import {recordPrefix} from '#shared/p2p/signed-record.ts';
import {startSnapshotFeed} from '#shared/p2p/snapshot-feed.ts';
import {bootstrapSchema, type Bootstrap} from '#shared/protocol/bootstrap.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {PROTOCOL_MAJOR, PROTOCOL_MINOR} from '#shared/protocol/version.ts';
import {snapshotOf} from '#shared/scheduling/swarm-snapshot.ts';
import {createLibp2pNode} from './libp2p/create-libp2p-node.ts';
import {createEphemeralIdentity, loadIdentity} from './libp2p/load-identity.ts';
import {readLinkPaths} from './libp2p/read-link-paths.ts';
import type {OfferedModel} from './model/load-manifest.ts';
import type {OwnFacts, SwarmMembership} from './swarm-membership.ts';

export type JoinOptions = {
  readonly siteUrl: string;
  readonly model: OfferedModel;
  readonly isEphemeral: boolean;
  readonly onVisibility: (listener: (isHidden: boolean) => void) => void;
};

const JOIN_TIMEOUT_MS = 30_000;

/**
 * Joins the swarm of one model: libp2p node, directory, transport.
 *
 * @throws {WeftError} `SERVER_UNREACHABLE` when the signal server does not let this tab in.
 */
export async function joinSwarm(options: JoinOptions): Promise<SwarmMembership> {
  const {model} = options;
  const identity = await (options.isEphemeral ? createEphemeralIdentity() : loadIdentity());
  const node = await createLibp2pNode({
    privateKey: identity.privateKey,
    fetchBootstrap: ({signal}) => fetchBootstrap(options.siteUrl, signal),
    signal: AbortSignal.timeout(JOIN_TIMEOUT_MS),
  }).catch((cause: unknown) => {
    identity.release();
    throw new WeftError(
      {code: 'SERVER_UNREACHABLE', siteUrl: options.siteUrl},
      `Cannot join the swarm: the signal server of ${options.siteUrl} does not answer; check the network and try again`,
      {cause},
    );
  });
  const {swarmId} = await node.server.connected;
  const nowMs = (): number => Math.round(node.now());
  const prefix = recordPrefix(swarmId, model.manifestHash);
  const directory = await openKadDirectory({libp2p: node.libp2p, prefix, now: nowMs});
  let records: readonly NodeRecord[] = [];
  const snapshotListeners = new Set<() => void>();
  const feed = startSnapshotFeed({
    directory,
    onRecords: (newest) => {
      records = newest;
      for (const listener of snapshotListeners) listener();
    },
  });
  const addressesOf = (peerId: string): readonly string[] =>
    records.find((record) => record.peerId === peerId)?.addresses ?? [];
  const transport = await openLibp2pStreamTransport({libp2p: node.libp2p, addressesOf});
  const startedMs = nowMs();
  const commonFacts = (): Omit<NodeFacts, keyof OwnFacts> => ({
    peerId: asPeerId(node.peerId),
    protocolMajor: PROTOCOL_MAJOR,
    protocolMinor: PROTOCOL_MINOR,
    swarmId,
    manifestHash: model.manifestHash,
    addresses: node.addresses(),
    shards: [],
    claim: null,
    decodeMsPerLayer: {fixedMs: 0, perSessionMs: 0},
    prefillMsPerTokenLayer: 0,
    hopOverheadMs: 0,
    rtts: [],
    openSessions: 0,
    queuedSteps: 0,
    hidden: false,
    onBattery: false,
    metered: false,
    uptimeMs: nowMs() - startedMs,
    unreachable: [],
  });
  return {
    peerId: node.peerId,
    model,
    transport,
    nowMs,
    snapshotWith: (own) => snapshotOf(own === null ? records : [...records, own], nowMs()),
    onSnapshot: (listener) => {
      snapshotListeners.add(listener);
      return () => void snapshotListeners.delete(listener);
    },
    publish: (facts) => {
      const publisher = startRecordPublisher({
        directory,
        privateKey: identity.privateKey,
        facts: {...commonFacts(), ...facts},
        now: nowMs,
      });
      node.onAddressesChanged(() => {
        publisher.update({addresses: node.addresses()});
      });
      options.onVisibility((hidden) => {
        publisher.update({hidden});
      });
      return publisher;
    },
    links: () => readLinkPaths(node.libp2p),
    close: async () => {
      feed.close();
      await transport.close();
      await directory.close();
      await node.stop();
      identity.release();
    },
  };
}

async function fetchBootstrap(siteUrl: string, signal: AbortSignal): Promise<Bootstrap> {
  const response = await fetch(new URL('api/bootstrap', siteUrl), {signal});
  if (!response.ok) throw new Error(`The signal server answered ${response.status}`);
  return bootstrapSchema.parse(await response.json());
}
