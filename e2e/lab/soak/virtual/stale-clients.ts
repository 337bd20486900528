import type {BenchLine} from '../../bench/bench-line.ts';
import {benchStaleClients} from '../../bench/scheduling/stale-clients.ts';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type {Soak} from '../soak.ts';

/** Clients whose records are 2 s old lose little to one who knows everything at once. */
export const soakStaleClients: Soak = async ({seed, reportDir}, {signal}) => {
  const lines: BenchLine[] = [];
  await benchStaleClients({
    seed,
    nodes: null,
    threads: 1,
    reportDir,
    print: (line) => void lines.push(line),
    log: () => undefined,
    signal,
  });
  const checks = lines.flatMap(({name, value, floor}) =>
    floor === undefined ? [] : [atMost(name, value, floor)],
  );
  return {checks, figures: {lines}};
};
