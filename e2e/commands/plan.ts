/// <reference types="node" />
import {parseArgs} from 'node:util';
import {ALLOCATION_HEURISTICS} from '#shared/scheduling/phase-1-allocation/heuristics/allocation-heuristics.ts';
import {planningPoolOf} from '#shared/scheduling/phase-1-allocation/planning-pool.ts';
import {chooseNamed} from '../bench/choose-named.ts';
import {printablePlan} from '../bench/printable-plan.ts';
import {readPool} from '../bench/read-pool.ts';
import {runToExit} from './run-to-exit.ts';

await runToExit(async () => {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {heuristic: {type: 'string', default: 'weft'}},
  });
  const [allocate] = chooseNamed('heuristic', ALLOCATION_HEURISTICS, [values.heuristic]);
  if (allocate === undefined) throw new Error('Broken invariant: one name, no heuristic');
  const startedMs = performance.now();
  const {snapshot, model, target, joinOrder, senseless} = await readPool('plan', positionals);
  const pool = planningPoolOf(snapshot, model);
  const indexedMs = performance.now();
  const plan = allocate({pool, target, joinOrder});
  const plannedMs = performance.now();
  process.stdout.write(
    `${JSON.stringify({
      ...printablePlan(plan, senseless),
      events: plan.events,
      indexMs: indexedMs - startedMs,
      planMs: plannedMs - indexedMs,
    })}\n`,
  );
});
