/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {planPool} from '#shared/scheduling/phase-1-allocation/allocate-layers.ts';
import {planningPoolOf} from '#shared/scheduling/phase-1-allocation/planning-pool.ts';
import {parsePool} from '#shared/scheduling/pool-file.ts';
import {printablePlan} from '../bench/printable-plan.ts';

const path = process.argv[2];
if (path === undefined) throw new Error('Cannot plan: no pool file; npm run plan -- POOL.json');
const json: unknown = JSON.parse(await readFile(path, 'utf8'));
const startedMs = performance.now();
const {snapshot, model, target, senseless} = parsePool(json);
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
