/// <reference types="node" />
import {planPool} from '#shared/scheduling/allocation/planner/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/allocation/planning-pool.ts';
import {ROUTING_HEURISTICS} from '#shared/lab/routing/routing-heuristics.ts';
import {plannedSnapshot} from '#shared/scheduling/planned-snapshot.ts';
import {chooseNamed} from '../command-line/choose-named.ts';
import {openSessions} from '../bench/open-sessions.ts';
import {printablePlan, printableStage} from '../bench/printable-plan.ts';
import {readPool} from '../bench/read-pool.ts';
import {wholeNumber} from '../command-line/whole-number.ts';
import {readArguments} from '../command-line/read-arguments.ts';
import {runToExit} from '../command-line/run-to-exit.ts';

await runToExit(async () => {
  const {values, positionals} = readArguments({
    operands: 'any',
    options: {
      requests: {type: 'string', default: '1'},
      seed: {type: 'string', default: '1'},
      clients: {type: 'string', default: '1'},
      'stale-ms': {type: 'string', default: '0'},
      heuristic: {type: 'string', default: 'weft'},
    },
  });
  const [selectChain] = chooseNamed('heuristic', ROUTING_HEURISTICS, [values.heuristic]);
  const asked = {
    requests: wholeNumber('requests', values.requests, 0),
    seed: wholeNumber('seed', values.seed, 0),
    clients: wholeNumber('clients', values.clients, 1),
    staleMs: wholeNumber('stale-ms', values['stale-ms'], 0),
    ...(selectChain === undefined ? {} : {selectChain}),
  };
  const startedMs = performance.now();
  const {snapshot, model, target, impossible} = await readPool('route', positionals);
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
