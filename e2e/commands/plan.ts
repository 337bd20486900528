/// <reference types="node" />
import {parseArgs} from 'node:util';
import {planPool} from '#shared/scheduling/phase-1-allocation/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/phase-1-allocation/planning-pool.ts';
import {printablePlan} from '../bench/printable-plan.ts';
import {readPool} from '../bench/read-pool.ts';
import {runToExit} from './run-to-exit.ts';

await runToExit(async () => {
  const {positionals} = parseArgs({allowPositionals: true});
  const startedMs = performance.now();
  const {snapshot, model, target, senseless} = await readPool('plan', positionals);
  const pool = planningPoolOf(snapshot, model);
  const indexedMs = performance.now();
  const plan = planPool(pool, target);
  const plannedMs = performance.now();
  process.stdout.write(
    `${JSON.stringify({
      ...printablePlan(plan, senseless),
      indexMs: indexedMs - startedMs,
      planMs: plannedMs - indexedMs,
    })}\n`,
  );
});
