import type {BenchLine} from '../bench/bench-line.ts';
import {benchStaleClients} from '../bench/stale-clients.ts';
import {atMost} from '#shared/testing/virtual-swarm/checks.ts';
import type {Soak} from './soak.ts';

/** Twenty clients whose records are 2 s old lose little to one who knows everything at once. */
export const soakStaleClients: Soak = async ({seed, reportDir}, {signal}) => {
  const lines: BenchLine[] = [];
  await benchStaleClients({
    seed,
    nodes: null,
    reportDir,
    print: (line) => void lines.push(line),
    log: () => undefined,
    signal,
  });
  const last = lines.at(-1);
  const loss = atMost(
    'mean step time, times that of one who knows',
    last?.value ?? 0,
    last?.floor ?? 1,
  );
  return {checks: [loss], figures: {lines}};
};
