/// <reference types="node" />
import {fork} from 'node:child_process';
import {once} from 'node:events';
import {join} from 'node:path';
import {generateKeyPair} from '@libp2p/crypto/keys';
import type {Libp2p} from '@libp2p/interface';
import {noise} from '@libp2p/noise';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {createLibp2p} from 'libp2p';
import {assert} from '#shared/assert.ts';
import {asPeerId} from '#shared/ids.ts';
import {serveDirectory} from '#shared/directory/server/directory-server.ts';
import {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import {recordPrefix, sealRecord} from '#shared/directory/signed-record.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import * as z from 'zod';
import {lineOf} from './bench-line.ts';
import type {Benchmark} from './benchmark.ts';
import type {ReaderAnswer, ReaderQuestion} from './reader-process.ts';

const RECORD_COUNTS: readonly number[] = [100, 1_000, 10_000];
const answerSchema = z.object({
  readMs: z.number(),
  longestMs: z.number(),
  listedRecords: z.number(),
  planMs: z.number(),
});
const RUNS = 3;
/** What the list of a server that floods may take of a page's time. */
const ALLOWED_MS = 100;
const LAYERS = 30;

const model = buildRecord();
const prefix = recordPrefix(model.swarmId, model.manifestHash);

/**
 * What the list of one server costs a tab: the time in which its thread did
 * anything, by the number of valid records in the list; then what phase 1
 * costs over what was kept. Each tab is a
 * process of its own, and its code is cold.
 */
export const benchReader: Benchmark = async ({nodes, print, log, signal}) => {
  for (const count of nodes ?? RECORD_COUNTS) {
    log(`reader: signing ${count} records`);
    const server = await openListServer(count);
    const answers: ReaderAnswer[] = [];
    for (let run = 0; run < RUNS; run += 1) answers.push(await readOnce(server, signal));
    await server.stop();
    const readMs = answers.map((answer) => answer.readMs);
    print({
      name: `reader: page time for ${count} records`,
      value: Math.max(...readMs),
      unit: 'ms',
      floor: ALLOWED_MS,
      n: RUNS,
      min: Math.min(...readMs),
      max: Math.max(...readMs),
    });
    const worst = (of: (answer: ReaderAnswer) => number) => Math.max(...answers.map(of));
    print(
      lineOf(
        `reader: longest block for ${count} records`,
        worst((a) => a.longestMs),
        'ms',
      ),
    );
    print(
      lineOf(
        `reader: listed of ${count} records`,
        worst((a) => a.listedRecords),
        'records',
      ),
    );
    print(
      lineOf(
        `reader: one decision after ${count} records`,
        worst((a) => a.planMs),
        'ms',
      ),
    );
  }
};

/** A server whose store has no limit of its own. */
async function openListServer(recordCount: number): Promise<Libp2p> {
  const libp2p = await createLibp2p({
    addresses: {listen: ['/ip4/127.0.0.1/tcp/0/ws']},
    transports: [webSockets()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
  });
  const datastore = new NewestRecordDatastore({now: Date.now, maxRecords: recordCount});
  for (let k = 0; k < recordCount; k += 1) {
    const privateKey = await generateKeyPair('Ed25519');
    const peerId = asPeerId(peerIdFromPrivateKey(privateKey).toString());
    const seq = Date.now();
    const record = buildRecord({peerId, seq, expiresAtMs: seq + 59_000});
    datastore.offer(await sealRecord(record, privateKey), String(k));
  }
  await serveDirectory({libp2p, datastore});
  return libp2p;
}

async function readOnce(server: Libp2p, signal: AbortSignal): Promise<ReaderAnswer> {
  const [address] = server.getMultiaddrs();
  assert(address !== undefined, 'the server listens');
  const question: ReaderQuestion = {
    address: String(address),
    serverId: server.peerId.toString(),
    prefix,
    layerCount: LAYERS,
  };
  const reader = fork(join(import.meta.dirname, 'reader-process.ts'), {signal});
  try {
    reader.send(question);
    const answers: readonly unknown[] = await once(reader, 'message', {signal});
    return answerSchema.parse(answers[0]);
  } finally {
    reader.kill();
  }
}
