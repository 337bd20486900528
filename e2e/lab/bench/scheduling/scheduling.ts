/// <reference types="node" />
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {ablationCells, type AblationRow} from '../ablation/ablation-cell.ts';
import {ablationPage} from '../ablation/ablation-page.ts';
import {runAblation} from '../ablation/run-ablation.ts';
import type {BenchLine} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';

const SIZES = [8, 32, 128, 512, 2048];

/**
 * Both phases on and off in the virtual swarm: our planner, Parallax's and none,
 * each with our routing, the paper's and a round robin. A line for each, all of
 * them as a table in `scheduling.json`, and a page with plots.
 */
export const benchScheduling: Benchmark = async (context) => {
  const {seed, nodes, reportDir, print, log} = context;
  const rows = await runAblation(ablationCells(nodes ?? SIZES, seed), context);
  for (const row of rows) print(lineOf(row, rows));
  await mkdir(reportDir, {recursive: true});
  await writeFile(join(reportDir, 'scheduling.json'), `${JSON.stringify({seed, rows})}\n`);
  const page = join(reportDir, 'scheduling.html');
  await writeFile(page, await ablationPage(rows));
  log(`Plots: ${page}`);
};

function lineOf(row: AblationRow, rows: readonly AblationRow[]): BenchLine {
  const {nodes, geography, arrival, churn, planner, router, stepMs, answered} = row;
  const parallax = rows.find((other) => isSameWorld(row, other) && isParallax(other));
  const compared =
    parallax === undefined || parallax.stepMs.mean <= 0
      ? {}
      : {against: parallax.stepMs.mean, ratio: stepMs.mean / parallax.stepMs.mean};
  const name = `scheduling ${String(nodes)} nodes, ${geography}, ${arrival}, ${churn}: ${planner} plan, ${router} routing`;
  return {
    name,
    value: stepMs.mean,
    unit: 'ms/token',
    ...compared,
    n: answered,
    min: stepMs.min,
    max: stepMs.max,
    ...row,
  };
}

function isSameWorld(a: AblationRow, b: AblationRow): boolean {
  return (
    a.nodes === b.nodes &&
    a.geography === b.geography &&
    a.arrival === b.arrival &&
    a.churn === b.churn
  );
}

/** What Parallax ships: its planner, and round robin over its pipelines. */
function isParallax({planner, router}: AblationRow): boolean {
  return planner === 'parallax' && router === 'round-robin';
}
