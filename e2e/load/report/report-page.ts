import {readFile} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {escapeHtml} from './escape-html.ts';
import {plotLatencies, plotThroughput} from './plot-series.ts';
import {renderChains, renderNodes, renderRequests, renderSummary} from './report-tables.ts';
import type {Report} from './report.ts';

/** `report.html`: one file that opens from disk and asks nobody for anything. */
export async function renderReportPage(input: {
  readonly title: string;
  readonly layerCount: number;
  readonly report: Report;
}): Promise<string> {
  const {title, layerCount, report} = input;
  const [script, style] = await Promise.all([
    readModule(import.meta.resolve('uplot/dist/uPlot.iife.min.js')),
    readModule(import.meta.resolve('uplot/dist/uPlot.min.css')),
  ]);
  const plots = [plotThroughput(report), plotLatencies(report)];
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data:">
<title>${escapeHtml(title)}</title>
<style>${style}${PAGE_STYLE}</style>
</head>
<body>
<h1>${escapeHtml(title)}</h1>
${renderSummary(report)}
<div id="plots"></div>
<h2>Who held what, and how much passed</h2>
${renderNodes(report, layerCount)}
<h2>Which chains served</h2>
${renderChains(report)}
<h2>Requests</h2>
${renderRequests(report)}
<script>${script}</script>
<script>
const plots = ${toScriptJson(plots)};
${DRAW_PLOTS}
</script>
</body>
</html>
`;
}

async function readModule(url: string): Promise<string> {
  return readFile(fileURLToPath(url), 'utf8');
}

/** JSON that cannot end the script element around it. */
function toScriptJson(value: unknown): string {
  return JSON.stringify(value).replaceAll('<', String.raw`\u003c`);
}

const PAGE_STYLE = `
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
h1 { font-size: 1.4rem; } h2 { font-size: 1.1rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; font-size: 0.85rem; }
th, td { text-align: left; padding: 0.25rem 0.6rem 0.25rem 0; border-bottom: 1px solid #8884; vertical-align: top; }
td { font-variant-numeric: tabular-nums; }
.facts { display: flex; flex-wrap: wrap; gap: 0.5rem 2rem; margin: 1rem 0; padding: 0; list-style: none; }
.facts b { display: block; font-size: 1.3rem; }
.bad { color: #c62828; }
.layers { position: relative; height: 1.1rem; min-width: 14rem; background: #8882; }
.layers span { position: absolute; inset-block: 0; background: #2a78b5; }
.u-title, .u-legend, .u-axis { color: inherit; }
`;

// uPlot paints on a canvas, which no style sheet reaches: its colours come from here.
const DRAW_PLOTS = `
const ink = getComputedStyle(document.body).color;
const colours = ['#2a78b5', '#d07a1f'];
const axis = (label) => ({label, stroke: ink, grid: {stroke: '#8884'}, ticks: {stroke: '#8884'}});
const drawMarks = (marks) => (plot) => {
  const {ctx, bbox} = plot;
  ctx.save();
  ctx.strokeStyle = ctx.fillStyle = '#c62828';
  ctx.setLineDash([6, 4]);
  for (const {x, label} of marks) {
    const at = plot.valToPos(x, 'x', true);
    ctx.beginPath();
    ctx.moveTo(at, bbox.top);
    ctx.lineTo(at, bbox.top + bbox.height);
    ctx.stroke();
    ctx.fillText(label, at + 6, bbox.top + 12);
  }
  ctx.restore();
};
for (const {title, xLabel, yLabel, x, lines, marks} of plots) {
  new uPlot({
    title,
    width: Math.min(960, document.body.clientWidth),
    height: 260,
    scales: {x: {time: false}, y: {range: (_, __, max) => [0, (max || 1) * 1.08]}},
    axes: [axis(xLabel), axis(yLabel)],
    series: [{label: xLabel}, ...lines.map(({label}, i) => ({label, stroke: colours[i], width: 2, value: (_, v) => (v === null ? '' : v.toFixed(1))}))],
    hooks: {draw: [drawMarks(marks)]},
  }, [x, ...lines.map(({y}) => y)], document.getElementById('plots'));
}
`;
