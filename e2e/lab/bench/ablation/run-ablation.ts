import {shareOut} from '../share-out.ts';
import type {AblationCell, AblationRow} from './ablation-cell.ts';

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
  const largestFirst = cells.toSorted((a, b) => b.nodes - a.nodes);
  await shareOut<AblationCell, readonly AblationRow[]>(largestFirst, {
    worker: new URL('ablation-worker.ts', import.meta.url),
    signal,
    onAnswer: (answer, cell, done) => {
      rows.set(cell, answer);
      const {nodes, geography, arrival, churn} = cell;
      const progress = `${String(done)} of ${String(cells.length)} worlds`;
      log(`${progress}: ${String(nodes)} nodes, ${geography}, ${arrival}, ${churn}`);
    },
  });
  return cells.flatMap((cell) => rows.get(cell) ?? []);
}
