import {asManifestHash, type PeerId} from '#shared/base/ids.ts';
import type {Directory} from '#shared/directory/directory.ts';
import {openLibp2pDirectory} from '#shared/directory/libp2p/libp2p-directory.ts';
import {recordPrefix} from '#shared/directory/records/signed-record.ts';
import {openLibp2pStreamTransport} from '#shared/transport/libp2p-stream-transport.ts';
import {fetchBootstrap} from '#shared/transport/server-link/fetch-bootstrap.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {WorkerLinkChannels} from '../../../web/src/node/link-worker/worker-link-channels.ts';
import {
  createLibp2pNode,
  type BrowserNode,
} from '../../../web/src/node/swarm/libp2p-node/create-libp2p-node.ts';
import {
  createEphemeralIdentity,
  type Identity,
} from '../../../web/src/node/swarm/libp2p-node/load-identity.ts';

const CALL_TIMEOUT_MS = 60_000;

export const limited = () => ({signal: AbortSignal.timeout(CALL_TIMEOUT_MS)});

export type Joined = {
  readonly identity: Identity;
  readonly node: BrowserNode;
  readonly directory: Directory;
  readonly transport: Transport;
};

/** A new peer of the swarm of one model, made of the product's own parts; one page may hold several. */
export async function joinSwarm(manifestHash: string): Promise<Joined> {
  const identity = await createEphemeralIdentity();
  const node = await createLibp2pNode({
    privateKey: identity.privateKey,
    fetchBootstrap: (options) => fetchBootstrap(`${location.origin}/`, options),
    ...limited(),
  });
  const {swarmId} = await node.server.connected;
  const directory = await openLibp2pDirectory({
    libp2p: node.libp2p,
    prefix: recordPrefix(swarmId, asManifestHash(manifestHash)),
    now: () => node.clock.nowMs(),
    servers: node.server,
  });
  const addressesOf = (peer: PeerId): readonly string[] =>
    directory.list().records.find(({peerId}) => peerId === peer)?.addresses ?? [];
  const transport = await openLibp2pStreamTransport({
    libp2p: node.libp2p,
    addressesOf,
    channels: new WorkerLinkChannels(),
  });
  addEventListener('pagehide', () => node.life.leave());
  return {identity, node, directory, transport};
}
