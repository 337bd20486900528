/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';

/** One pool under one pair of planner and router. */
export type AblationRow = {
  readonly name: string;
  readonly plan: 'weft' | 'parallax';
  readonly routing: 'weft' | 'round-robin';
  readonly planMs: number;
  readonly pipelines: number;
  readonly meanMs: number;
  readonly p95Ms: number;
};

const SERIES = [
  {plan: 'weft', routing: 'weft', colour: '#0b7285'},
  {plan: 'weft', routing: 'round-robin', colour: '#66d9e8'},
  {plan: 'parallax', routing: 'weft', colour: '#e8590c'},
  {plan: 'parallax', routing: 'round-robin', colour: '#ffc078'},
] as const;

/** A page that opens from disk: the charting library and all figures are inside it. */
export async function ablationPage(rows: readonly AblationRow[]): Promise<string> {
  // The package exports no path to its browser bundle, which lies beside its main file.
  const main = pathToFileURL(createRequire(import.meta.url).resolve('chart.js'));
  const script = await readFile(new URL('chart.umd.min.js', main), 'utf8');
  const names = [...new Set(rows.map(({name}) => name))];
  const datasets = (pick: (row: AblationRow) => number) =>
    SERIES.map(({plan, routing, colour}) => ({
      label: `${plan} plan, ${routing} routing`,
      backgroundColor: colour,
      data: names.map((name) => {
        const row = rows.find((r) => r.name === name && r.plan === plan && r.routing === routing);
        return row === undefined ? null : pick(row);
      }),
    }));
  const charts = [
    {title: 'Mean ms per token', names, datasets: datasets(({meanMs}) => meanMs)},
    {title: '95th percentile, ms per token', names, datasets: datasets(({p95Ms}) => p95Ms)},
    {title: 'Complete pipelines', names, datasets: datasets(({pipelines}) => pipelines)},
  ];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Scheduling ablation</title>
<style>body{font:16px system-ui;margin:2rem;max-width:1200px}</style>
<h1>Scheduling: both phases on and off</h1>
<p>Two sessions per Parallax pipeline, one token of each under way, one session at a time per node.</p>
<main></main><script>${script}</script><script>
for (const {title, names, datasets} of ${JSON.stringify(charts).replaceAll('<', String.raw`\u003c`)}) {
  const canvas = document.querySelector('main').appendChild(document.createElement('canvas'));
  new Chart(canvas, {type: 'bar', data: {labels: names, datasets},
    options: {plugins: {title: {display: true, text: title}}, scales: {y: {type: 'logarithmic'}}}});
}
</script></html>`;
}
