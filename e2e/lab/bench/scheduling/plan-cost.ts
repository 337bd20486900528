/// <reference types="node" />
import {execFile} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import * as z from 'zod';
import {generatePool, type PoolMix} from '#shared/lab/pools/pool-generator.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {lineOf, spreadOf, type BenchLine} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';
import {growthExponent} from './growth-exponent.ts';

const MIXES: readonly PoolMix[] = ['equal', 'few-kinds', 'all-different', 'many-weak'];
const NODE_COUNTS: readonly number[] = [8, 32, 128, 512, 2048];
/** Regions and layers of the pools. */
const WORLD = {regions: 4, layerCount: 48};
/** Processes per pool: each plans once and cold, as a tab that has just been opened. */
const PROCESSES = 3;
/** What a plan may take, by the number of nodes. */
const ALLOWED_MS: Readonly<Record<number, number>> = {512: 50, 2048: 1000};

const planCommand = join(import.meta.dirname, '../../../tools/commands/plan.ts');
const timesSchema = z.object({indexMs: z.number(), planMs: z.number()});
type Times = z.infer<typeof timesSchema>;

/**
 * What a plan costs by the number of nodes: every plan in a process of its own,
 * with cold code, as `npm run plan` measures it; then the exponent of growth.
 */
export const benchPlanCost: Benchmark = async ({seed, nodes, print, log, signal}) => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-plan-cost-'));
  try {
    const rows: {readonly count: number; readonly times: readonly Times[]}[] = [];
    for (const count of nodes ?? NODE_COUNTS) {
      log(`plan-cost: ${count} nodes`);
      const times = await planPools({folder, seed, count, signal});
      rows.push({count, times});
      print(costLine('planMs', count, times));
      print(costLine('indexMs', count, times));
    }
    if (rows.length < 2) return;
    for (const part of ['planMs', 'indexMs'] as const) {
      const medians = rows.map(
        ({count, times}) => [count, percentile(partOf(times, part), 50)] as const,
      );
      const name = `plan-cost ${part}, exponent of growth with nodes`;
      print(lineOf(name, growthExponent(medians), '1'));
    }
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
};

type PoolsToPlan = {
  readonly folder: string;
  readonly seed: number;
  readonly count: number;
  readonly signal: AbortSignal;
};

/** Plans a pool of every mix, one process after the other. */
async function planPools({folder, seed, count, signal}: PoolsToPlan): Promise<readonly Times[]> {
  const times: Times[] = [];
  for (const mix of MIXES) {
    const path = join(folder, `${mix}-${count}.json`);
    const pool = generatePool({seed, nodes: count, mix, ...WORLD});
    await writeFile(path, JSON.stringify(pool), {signal});
    for (let k = 0; k < PROCESSES; k += 1) times.push(await planOnce(path, signal));
  }
  return times;
}

function costLine(part: keyof Times, count: number, times: readonly Times[]): BenchLine {
  const values = partOf(times, part);
  const floor = part === 'planMs' ? ALLOWED_MS[count] : undefined;
  return {
    name: `plan-cost ${part} of ${count} nodes`,
    value: percentile(values, 50),
    unit: 'ms',
    ...(floor === undefined ? {} : {floor}),
    ...spreadOf(values),
  };
}

function partOf(times: readonly Times[], part: keyof Times): readonly number[] {
  return times.map((time) => time[part]);
}

async function planOnce(path: string, signal: AbortSignal): Promise<Times> {
  const {stdout} = await promisify(execFile)(process.execPath, [planCommand, path], {
    maxBuffer: 2 ** 26,
    signal,
  });
  return timesSchema.parse(JSON.parse(stdout));
}
