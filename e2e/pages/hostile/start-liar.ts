import type {ManifestHash, PeerId} from '#shared/base/ids.ts';
import {startRecordPublisher} from '#shared/directory/record-publisher.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {TEST_SWARM} from '#shared/protocol/swarm-kind.ts';
import {HOP_LIMITS} from '#shared/session/serve-hop/hop-session/hop-context.ts';
import {lieNamed, type LieName} from '#shared/testing/lies/hop-lies.ts';
import {lyingTransport} from '#shared/testing/lies/lying-transport.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import type {Transport} from '#shared/transport/transport.ts';
import {createStubShardRunner} from '../../../web/src/node/engine/stub/stub-shard-runner.ts';
import {HopServer} from '../../../web/src/node/serving/hop-server.ts';
import {routeFrames} from '#shared/transport/post/route-frames.ts';
import {joinSwarm} from './join-swarm.ts';

/** What one liar lends, and the one lie that it tells in each session. */
export type LiarTask = {
  readonly lie: LieName;
  readonly manifestHash: ManifestHash;
  readonly spec: ModelSpec;
  readonly grid: CutGrid;
  readonly layers: NodeRecord['shards'][number];
  /** Peers that it claims to be next to. */
  readonly near: readonly PeerId[];
};

export type Liar = {
  readonly peerId: PeerId;
  /** Says goodbye and leaves. */
  readonly stop: () => Promise<void>;
};

const KV_TOKENS = 100_000;

/** A node that lends like any other, but for what its hop sends. Its record says that nothing takes it any time. */
export async function startLiar(task: LiarTask): Promise<Liar> {
  const {manifestHash, layers, near} = task;
  const {identity, node, directory, transport} = await joinSwarm(manifestHash);
  serveLies(transport, task);
  const publisher = startRecordPublisher({
    directory,
    privateKey: identity.privateKey,
    facts: buildRecord({
      peerId: node.peerId,
      swarmId: TEST_SWARM,
      manifestHash,
      addresses: node.addresses(),
      shards: [layers],
      decodeMsPerLayer: {fixedMs: 0, perSessionMs: 0},
      prefillMsPerTokenLayer: 0,
      hopOverheadMs: 0,
      rtts: near.map((peerId) => ({peerId, rttMs: 0})),
      kvTokensFree: KV_TOKENS,
    }),
    now: () => node.clock.nowMs(),
    link: node.server,
  });
  node.onAddressesChanged(() => {
    publisher.update({addresses: node.addresses()});
  });
  await publisher.settled();
  return {
    peerId: node.peerId,
    stop: async () => {
      await publisher.stop();
      await transport.close();
      await directory.close();
      await node.stop();
    },
  };
}

/** A hop that is the product's own, but for what it sends. */
function serveLies(transport: Transport, {lie, manifestHash, spec, grid, layers}: LiarTask): void {
  const lying = lyingTransport(transport, lieNamed(lie, spec).distort);
  const server = new HopServer({
    transport: lying,
    manifestHash,
    spec,
    grid,
    limits: HOP_LIMITS,
    nowMs: () => Date.now(),
    stopwatchMs: () => performance.now(),
    onStep: () => undefined,
    onSampled: () => undefined,
    onChange: () => undefined,
    onEngineLost: () => undefined,
  });
  const runner = createStubShardRunner({
    spec,
    range: layers,
    fixedMsPerLayer: 0,
    msPerTokenLayer: 0,
    kvTokens: KV_TOKENS,
    waitMs: () => Promise.resolve(),
  });
  server.serve({runner, range: layers});
  routeFrames(lying, {
    client: {receive: () => false},
    hop: () => server,
    onMalformed: () => undefined,
  });
}
