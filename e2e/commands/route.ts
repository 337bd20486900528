/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {parseArgs} from 'node:util';
import {planPool} from '#shared/scheduling/phase-1-allocation/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/phase-1-allocation/planning-pool.ts';
import {plannedSnapshot} from '#shared/scheduling/planned-snapshot.ts';
import {parsePool} from '#shared/scheduling/pool-file.ts';
import {openSessions} from '../bench/open-sessions.ts';
import {printablePlan, printableStage} from '../bench/printable-plan.ts';

const {values, positionals} = parseArgs({
  allowPositionals: true,
  options: {
    requests: {type: 'string', default: '1'},
    seed: {type: 'string', default: '1'},
    clients: {type: 'string', default: '1'},
    'stale-ms': {type: 'string', default: '0'},
  },
});
const path = positionals[0];
if (path === undefined) throw new Error('Cannot route: no pool file; npm run route -- POOL.json');
const json: unknown = JSON.parse(await readFile(path, 'utf8'));
const startedMs = performance.now();
const {snapshot, model, target, senseless} = parsePool(json);
const pool = planningPoolOf(snapshot, model);
const indexedMs = performance.now();
const plan = planPool(pool, target);
const plannedMs = performance.now();
const placements = [...plan.pipelines.flatMap(({stages}) => stages), ...plan.replicas];
const {chains, routeMs, load} = openSessions({
  snapshot: plannedSnapshot(snapshot, model, placements),
  model,
  requests: Number(values.requests),
  seed: Number(values.seed),
  clients: Number(values.clients),
  staleMs: Number(values['stale-ms']),
});
process.stdout.write(
  `${JSON.stringify({
    ...printablePlan(plan, senseless),
    indexMs: indexedMs - startedMs,
    planMs: plannedMs - indexedMs,
    requests: chains.map((result) =>
      result.kind === 'chain'
        ? {chain: result.hops.map(printableStage), stepMs: result.stepMs}
        : {chain: [], stepMs: null, missing: result.missing},
    ),
    routeMs,
    load,
  })}\n`,
);
