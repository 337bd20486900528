/// <reference types="node" />
import {availableParallelism} from 'node:os';
import {Worker} from 'node:worker_threads';
import {askWorker} from '../ask-worker.ts';
import type {AblationCell, AblationRow} from './ablation-cell.ts';

const MOST_WORKERS = 4;

/**
 * All worlds, on as many cores as there are (at most four). The rows do not
 * depend on how many: they come in the order of `cells`.
 */
export async function runAblation(
  cells: readonly AblationCell[],
  {log, signal}: {readonly log: (text: string) => void; readonly signal: AbortSignal},
): Promise<readonly AblationRow[]> {
  const rows = new Map<AblationCell, readonly AblationRow[]>();
  // The largest first, so that no worker is left alone with one at the end.
  const waiting = cells.toSorted((a, b) => a.nodes - b.nodes);
  const runOn = async (worker: Worker) => {
    for (let cell = waiting.pop(); cell !== undefined; cell = waiting.pop()) {
      rows.set(cell, await askWorker(worker, cell, {signal}));
      const {nodes, geography, arrival, churn} = cell;
      const done = `${String(rows.size)} of ${String(cells.length)} worlds`;
      log(`${done}: ${String(nodes)} nodes, ${geography}, ${arrival}, ${churn}`);
    }
  };
  const count = Math.min(MOST_WORKERS, availableParallelism(), cells.length);
  const workers = Array.from(
    {length: count},
    () => new Worker(new URL('ablation-worker.ts', import.meta.url)),
  );
  try {
    await Promise.all(workers.map(runOn));
  } finally {
    await Promise.all(workers.map((worker) => worker.terminate()));
  }
  return cells.flatMap((cell) => rows.get(cell) ?? []);
}
