import {expect, test} from 'vitest';
import {accountForTime, type OwnedLane} from './account-for-time.ts';
import {lanesOf, type TraceEvent} from './read-trace.ts';
import {timelinePage} from './timeline-page.ts';

const thread = {ph: 'X', pid: 7, tid: 1} as const;
const task = (ts: number, dur: number): TraceEvent => ({
  ...thread,
  name: 'ThreadControllerImpl::RunTask',
  ts,
  dur,
  tdur: dur,
});
const lane = (owner: OwnedLane['owner'], name: string, tasks: [number, number][]): OwnedLane => ({
  owner,
  label: owner,
  processId: 7,
  process: 'Renderer',
  thread: name,
  tasks: tasks.map(([startMs, endMs]) => ({startMs, endMs, cpuMs: (endMs - startMs) / 2})),
});
const LANES = [
  lane('tab', 'engine', [
    [0, 10],
    [30, 50],
  ]),
  lane('tab', 'engine', [[5, 15]]),
  lane('tab', 'CrRendererMain', [[8, 20]]),
  lane('tab', 'link', [[19, 22]]),
  lane('client', 'CrRendererMain', [[0, 60]]),
];

test('[BN6] a worker is named by its script, and a task inside another counts once', () => {
  const url = 'http://localhost/assets/engine.worker-B3.js';
  const events = [
    task(1_000, 5_000),
    task(2_000, 1_000),
    {...thread, name: 'FunctionCall', ts: 1_500, dur: 9, args: {data: {url}}},
    {...thread, ph: 'M', name: 'thread_name', ts: 0, args: {name: 'DedicatedWorker thread'}},
    {...thread, ph: 'M', name: 'process_name', ts: 0, args: {name: 'Renderer'}},
  ];
  expect(lanesOf(events)).toEqual([
    {
      processId: 7,
      process: 'Renderer',
      thread: 'engine',
      tasks: [{startMs: 1, endMs: 6, cpuMs: 5}],
    },
  ]);
});

test('[BN6] every moment is of the activity nearest to the engine, and the sum is all of the time', () => {
  const account = accountForTime(LANES, {startMs: 0, endMs: 70});
  expect(account.wallMs).toEqual({
    engine: 35,
    page: 5,
    links: 2,
    client: 18,
    browser: 0,
    nothing: 10,
  });
  expect(account.enginesMs).toEqual([35, 30, 5]);
  expect(account.cpuMs).toMatchObject({engine: 20, page: 6});
  expect(account.runs).toHaveLength(3);
});

test('[BN6] the picture needs no other file', () => {
  const account = accountForTime(LANES, {startMs: 0, endMs: 70});
  const traced = {lanes: LANES, startMs: 0, endMs: 70, tokens: 3, driverCpuMs: 1};
  const page = timelinePage([{title: '3 <tabs>', traced, account}]);
  expect(page).not.toMatch(/(?:src|href)=/u);
  expect(page).toContain('3 &#60;tabs&#62;');
  expect(page.match(/<rect /gu)).toHaveLength(6);
});
