import {expect, test} from 'vitest';
import {buildReport} from './build-report.ts';
import {plotLatencies, plotThroughput} from './plot-series.ts';
import {renderReportPage} from './report-page.ts';
import {nodeObservation, requestRecord, runRecord} from '../testing/build-record.ts';

const record = runRecord({
  requests: [
    requestRecord({
      prompt: '</script><b>',
      text: '<img>',
      askedAtMs: 0,
      endedAtMs: 1000,
      tokenAtMs: [100, 200, 900],
    }),
  ],
  nodes: [nodeObservation()],
  events: [
    {atMs: 500, kind: 'fault', fault: 'close-tab'},
    {atMs: 0, kind: 'load-begins'},
  ],
});
const report = buildReport({record, wrongRequestIds: new Set(), withLogprobs: 'without'});

test('[LP1] throughput adds up to all tokens, and faults are marked', () => {
  const plot = plotThroughput(report);
  const binSec = (plot.x[1] ?? 0) - (plot.x[0] ?? 0);
  const tokens = (plot.lines[0]?.y ?? []).reduce<number>(
    (sum, perSec) => sum + (perSec ?? 0) * binSec,
    0,
  );
  expect(tokens).toBeCloseTo(3, 6);
  expect(plot.marks).toEqual([{x: 0.5, label: 'close-tab'}]);
});

test('[LP2] latency percentiles end in the slowest measurement', () => {
  const [first, between] = plotLatencies(report).lines;
  expect(first?.y.at(-1)).toBe(100);
  expect(between?.y.at(-1)).toBe(700);
});

test('[LP3] the page needs no other file, and what models write stays text', async () => {
  const page = await renderReportPage({title: 'a <scenario>', layerCount: 4, report});
  expect(page).not.toMatch(/(?:src|href)=/u);
  expect(page).not.toContain('<img>');
  expect(page).not.toContain('</script><b>');
  expect(page).toContain('a &#60;scenario&#62;');
});
