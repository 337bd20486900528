/// <reference types="node" />
import {ALLOCATION_HEURISTICS} from '#shared/lab/allocation/allocation-heuristics.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {chooseNamed} from '../command-line/choose-named.ts';
import {printablePlan} from '../../lab/bench/scheduling/printable-plan.ts';
import {readPool} from '../../lab/bench/scheduling/read-pool.ts';
import {runToExit} from '../command-line/run-to-exit.ts';

await runToExit(
  {
    start: 'npm run -s plan',
    purpose:
      'Phase 1 on a pool file, without any tab: which node gets which layers, and why. ' +
      'Prints one JSON document.',
    operands: {
      name: 'POOL.json',
      meaning: 'a model and nodes; the format: README.md, "Pool files"',
      count: 'one',
    },
    options: {
      heuristic: {
        type: 'string',
        value: 'NAME',
        default: 'weft',
        meaning: `the planner: ${Object.keys(ALLOCATION_HEURISTICS).join(', ')}`,
      },
    },
  },
  async ({values, positionals: [path = '']}) => {
    const [allocate] = chooseNamed('heuristic', ALLOCATION_HEURISTICS, [values.heuristic]);
    if (allocate === undefined) throw new Error('Broken invariant: one name, no heuristic');
    const startedMs = performance.now();
    const {snapshot, model, target, joinOrder, impossible} = await readPool('plan', path);
    const pool = planningPoolOf(snapshot, model);
    const indexedMs = performance.now();
    const plan = allocate({pool, target, joinOrder});
    const plannedMs = performance.now();
    process.stdout.write(
      `${JSON.stringify({
        ...printablePlan(plan, impossible),
        events: plan.events,
        indexMs: indexedMs - startedMs,
        planMs: plannedMs - indexedMs,
      })}\n`,
    );
  },
);
