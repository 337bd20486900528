/// <reference types="node" />
import {monitorEventLoopDelay, performance} from 'node:perf_hooks';
import process from 'node:process';
import {setTimeout as pause} from 'node:timers/promises';
import type {Libp2p} from '@libp2p/interface';
import {noise} from '@libp2p/noise';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {multiaddr} from '@multiformats/multiaddr';
import {createLibp2p} from 'libp2p';
import {asPeerId} from '#shared/ids.ts';
import {openLibp2pDirectory} from '#shared/directory/libp2p-directory.ts';
import {startSnapshotFeed} from '#shared/directory/snapshot-feed.ts';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import {LIVE_TARGET} from '#shared/scheduling/phase-1-allocation/allocation-target.ts';
import {decidePlacement} from '#shared/scheduling/phase-1-allocation/decide-placement.ts';
import {snapshotOf} from '#shared/scheduling/swarm-snapshot.ts';
import {fixedServers} from '#shared/testing/fixed-servers.ts';

export type ReaderQuestion = {
  readonly address: string;
  readonly serverId: string;
  readonly prefix: string;
  readonly layerCount: number;
};

export type ReaderAnswer = {
  /** What the processor did for this process, collecting and compiling too, until the whole list was read. */
  readonly readMs: number;
  /** Its longest stretch without a break. */
  readonly longestMs: number;
  readonly listedRecords: number;
  /** One decision of phase 1 over what was kept, for a node that waits and for one that serves. */
  readonly planMs: number;
};

/** How often phase 1 is asked for the figure of one decision. */
const PLANS = 20;

// A process of its own: `process.cpuUsage` knows no threads.
process.on('message', (question: ReaderQuestion) => void answer(question));

async function answer(question: ReaderQuestion): Promise<void> {
  const libp2p = await createLibp2p({
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: {denyDialMultiaddr: () => false},
  });
  await libp2p.dial(multiaddr(question.address));
  const result = await read(libp2p, question);
  await libp2p.stop();
  process.send?.(result);
}

async function read(
  libp2p: Libp2p,
  {serverId, prefix, layerCount}: ReaderQuestion,
): Promise<ReaderAnswer> {
  await pause(500); // Whatever a new connection costs is over.
  const blocks = monitorEventLoopDelay({resolution: 1});
  blocks.enable();
  const before = process.cpuUsage();
  const servers = fixedServers([asPeerId(serverId)]);
  const directory = await openLibp2pDirectory({libp2p, prefix, now: Date.now, servers});
  let records: readonly NodeRecord[] = [];
  const complete = Promise.withResolvers<void>();
  const feed = startSnapshotFeed({
    directory,
    onRecords: (list, state) => {
      records = list;
      if (state === 'reachable') complete.resolve();
    },
  });
  await complete.promise;
  const {user, system} = process.cpuUsage(before);
  blocks.disable();
  feed.close();
  await directory.close();
  return {
    readMs: (user + system) / 1_000,
    longestMs: blocks.max / 1e6,
    listedRecords: records.length,
    planMs: planMsOf(records, layerCount),
  };
}

function planMsOf(records: readonly NodeRecord[], layerCount: number): number {
  const snapshot = snapshotOf(records, Date.now());
  const startMs = performance.now();
  for (let k = 0; k < PLANS; k += 1) {
    const self = snapshot.nodes[k % snapshot.nodes.length]?.nodeId ?? asPeerId('nobody');
    decidePlacement({snapshot, model: {layerCount, cutEvery: 1}, self, target: LIVE_TARGET});
  }
  return (performance.now() - startMs) / PLANS;
}
