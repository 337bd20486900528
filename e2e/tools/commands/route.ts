/// <reference types="node" />
import {planPool} from '#shared/scheduling/allocation/planner/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {ROUTING_HEURISTICS} from '#shared/lab/routing/routing-heuristics.ts';
import {plannedSnapshot} from '#shared/lab/pools/planned-snapshot.ts';
import {chooseNamed} from '../command-line/choose-named.ts';
import type {Command} from '../command-line/command.ts';
import {openSessions} from '../../lab/bench/scheduling/open-sessions.ts';
import {printablePlan, printableStage} from '../../lab/bench/scheduling/printable-plan.ts';
import {readPool} from '../../lab/bench/scheduling/read-pool.ts';
import {wholeNumber} from '../command-line/whole-number.ts';
import {runToExit} from '../command-line/run-to-exit.ts';

const COMMAND = {
  start: 'npm run -s route',
  purpose:
    'Phase 1, then phase 2 on a pool file, without any tab: the plan, the chains of some ' +
    'requests, and the load that they leave. Prints one JSON document.',
  operands: {
    name: 'POOL.json',
    meaning: 'a model and nodes; the format: README.md, "Pool files"',
    count: 'one',
  },
  options: {
    requests: {type: 'string', value: 'N', default: '1', meaning: 'how many requests to route'},
    clients: {type: 'string', value: 'N', default: '1', meaning: 'how many clients ask them'},
    'stale-ms': {
      type: 'string',
      value: 'N',
      default: '0',
      meaning: 'how old the load is that a client sees of the others, in ms',
    },
    seed: {type: 'string', value: 'N', default: '1', meaning: 'decides among near-equal chains'},
    heuristic: {
      type: 'string',
      value: 'NAME',
      default: 'weft',
      meaning: `the router: ${Object.keys(ROUTING_HEURISTICS).join(', ')}`,
    },
  },
} as const satisfies Command;

await runToExit(COMMAND, async ({values, positionals: [path = '']}) => {
  const [selectChain] = chooseNamed('heuristic', ROUTING_HEURISTICS, [values.heuristic]);
  const asked = {
    requests: wholeNumber('requests', values.requests, 0),
    seed: wholeNumber('seed', values.seed, 0),
    clients: wholeNumber('clients', values.clients, 1),
    staleMs: wholeNumber('stale-ms', values['stale-ms'], 0),
    ...(selectChain === undefined ? {} : {selectChain}),
  };
  const startedMs = performance.now();
  const {snapshot, model, target, impossible} = await readPool('route', path);
  const pool = planningPoolOf(snapshot, model);
  const indexedMs = performance.now();
  const plan = planPool(pool, target);
  const plannedMs = performance.now();
  const placements = [...plan.pipelines.flatMap(({stages}) => stages), ...plan.replicas];
  const routed = openSessions({
    ...asked,
    snapshot: plannedSnapshot(snapshot, model, placements),
    model,
  });
  process.stdout.write(
    `${JSON.stringify({
      ...printablePlan(plan, impossible),
      indexMs: indexedMs - startedMs,
      planMs: plannedMs - indexedMs,
      requests: routed.chains.map((result) =>
        result.kind === 'chain'
          ? {chain: result.hops.map(printableStage), stepMs: result.stepMs}
          : {chain: [], stepMs: null, missing: result.missing},
      ),
      routeMs: routed.routeMs,
      load: routed.load,
    })}\n`,
  );
});
