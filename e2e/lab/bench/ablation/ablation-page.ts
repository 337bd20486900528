/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {pathToFileURL} from 'node:url';
import type {AblationRow} from './ablation-cell.ts';
import {ablationViews, summaryChart} from './ablation-charts.ts';

/** A page that opens from disk: the charting library and all figures are inside it. */
export async function ablationPage(rows: readonly AblationRow[]): Promise<string> {
  // The package exports no path to its browser bundle, which lies beside its main file.
  const main = pathToFileURL(createRequire(import.meta.url).resolve('chart.js'));
  const library = await readFile(new URL('chart.umd.min.js', main), 'utf8');
  const page = await readFile(new URL('ablation-page.html', import.meta.url), 'utf8');
  const data = JSON.stringify({summary: summaryChart(rows), views: ablationViews(rows)});
  // A function, so that no dollar sign of the library is read as a pattern.
  return page.replace(
    '<!-- library and data -->',
    () =>
      `<script>${library}</script><script type="application/json" id="data">${data.replaceAll('<', String.raw`\u003c`)}</script>`,
  );
}
