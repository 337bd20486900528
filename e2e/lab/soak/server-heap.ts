/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as wait} from 'node:timers/promises';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {RECORD_TTL_MS} from '#shared/protocol/node-record.ts';
import {comeAndGo, type Visits} from './heap/come-and-go.ts';
import {heapOf, REPORTS_HEAP} from './heap/heap-of.ts';
import type {Soak} from './soak.ts';
import {ServerProcess} from '../../swarm/server/server-process.ts';

const VISITS: Visits = {joins: 2_000, directoryStreams: 2_000, identities: 400};
const ROUNDS = 4;
/** What is compiled and cached at the first visit is no leak. */
const WARM_UP: Visits = {joins: 50, directoryStreams: 50, identities: 10};
/**
 * The compiler at work grows the heap for hours, by what it compiles and by notes on
 * when to throw that away: nothing of a visitor, so here everything is interpreted.
 */
const INTERPRETED = ['--no-opt', '--no-maglev', '--no-sparkplug', '--no-flush-bytecode'];
/** Farewells are remembered until the records that they end would be over. */
const SETTLE_MS = RECORD_TTL_MS + 5_000;
const MAX_GROWTH = 1.1;
/** Of two measurements of the same. */
const NOISE = 1.01;

/** What thousands of visitors leave behind in the server: nothing. */
export const soakServerHeap: Soak = async (_, {signal}) => {
  const staticDir = await mkdtemp(join(tmpdir(), 'weft-heap-'));
  await writeFile(join(staticDir, 'index.html'), '<!doctype html>');
  const server = await ServerProcess.start({
    env: {STATIC_DIR: staticDir},
    nodeArgs: [...REPORTS_HEAP, ...INTERPRETED],
  });
  const heapBytes: number[] = [];
  let failed = 0;
  try {
    for (let round = 0; round <= ROUNDS; round += 1) {
      const visits = round === 0 ? WARM_UP : VISITS;
      failed += await comeAndGo({server, visits, signal});
      await wait(SETTLE_MS, undefined, {signal});
      heapBytes.push(await heapOf(server.child));
      process.stderr.write(`round ${round}: ${String(heapBytes.at(-1))} bytes\n`);
    }
  } finally {
    await server.stop();
    await rm(staticDir, {recursive: true});
  }
  const [before = 0, , second = 0, , fourth = 0] = heapBytes;
  return {
    checks: [
      atMost('visits that failed', failed, 0),
      atMost('heap after all rounds, of that before', fourth / before, MAX_GROWTH),
      atMost('heap after the fourth round, of that after the second', fourth / second, NOISE),
    ],
    figures: {heapBytes},
  };
};
