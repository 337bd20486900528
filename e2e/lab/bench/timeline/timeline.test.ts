import {expect, test} from 'vitest';
import {accountForTime, type OwnedLane} from './account-for-time.ts';
import {lanesOf, type TraceEvent} from './read-trace.ts';
import {SteadyWindow} from './steady-window.ts';
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

test('[BN6] a run belongs to the window in which it ended', () => {
  expect(accountForTime(LANES, {startMs: 9, endMs: 40}).runs).toHaveLength(2);
  expect(accountForTime(LANES, {startMs: 10, endMs: 50}).runs).toHaveLength(2);
});

test.for([0, 3, 7])(
  '[BN6] a run of eight sessions counts as eight, when %i of its tokens are heard before the trace begins',
  (heardBefore) => {
    const window = new SteadyWindow({sessions: 8, tokens: 32});
    const runs: [number, number][] = [];
    let begins = Infinity;
    for (let run = 0; run < 32; run += 1) {
      runs.push([100 * run, 100 * (run + 1)]);
      for (let answer = 0; answer < 8; answer += 1) {
        // The trace begins some runs after it was asked for.
        if (8 * run + answer === begins) window.begin();
        const next = window.hear(answer, 100 * (run + 1) + 5 + answer);
        if (next === 'start') begins = 8 * (run + 3) + heardBefore;
      }
    }
    const {tokens, ...times} = window.window ?? {tokens: 0, startMs: 0, endMs: 0};
    const account = accountForTime([lane('tab', 'engine', runs)], times);
    expect(account.runs.length).toBeGreaterThan(16);
    expect(tokens).toBe(8 * account.runs.length - heardBefore);
  },
);

test('[BN6] answers that end before the trace begins have no window', () => {
  const window = new SteadyWindow({sessions: 1, tokens: 8});
  const heard = [1, 2, 3, 4, 5, 6, 7, 8].map((atMs) => window.hear(0, atMs));
  expect(heard.filter((next) => next !== null)).toEqual(['start']);
  window.begin();
  expect(window.window).toBeNull();
});

test('[BN6] the picture needs no other file', () => {
  const account = accountForTime(LANES, {startMs: 0, endMs: 70});
  const traced = {lanes: LANES, startMs: 0, endMs: 70, tokens: 3, driverCpuMs: 1};
  const page = timelinePage([{title: '3 <tabs>', traced, account}]);
  expect(page).not.toMatch(/(?:src|href)=/u);
  expect(page).toContain('3 &#60;tabs&#62;');
  expect(page.match(/<rect /gu)).toHaveLength(6);
});
