/// <reference types="node" />
import {mkdir, writeFile} from 'node:fs/promises';
import {cpus} from 'node:os';
import {join} from 'node:path';
import {percentile} from '../../../load/report/percentile.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import {lineOf, spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {ServedAnswers} from '../tabs/served-answers.ts';
import {accountForTime, ACTIVITIES, type TimeAccount} from './account-for-time.ts';
import {timelinePage, type TimelineScene} from './timeline-page.ts';
import {traceAnswers, type TracedAnswers} from './trace-answers.ts';

const TOKENS = 64;
const SCENES = [
  {tabs: 1, sessions: [1, 8]},
  {tabs: 3, sessions: [1, 8]},
] as const;

/** Where the time of a step goes: one answer and eight at once, over one tab and over three. */
export const benchTimeline: Benchmark = async (context) => {
  const {log, signal, reportDir} = context;
  const model = await prepareModel({log, signal});
  const scenes: TimelineScene[] = [];
  for (const {tabs, sessions} of SCENES) {
    const answers = await ServedAnswers.start(model, tabs, context);
    try {
      // The first of each finds links and caches that are not there yet.
      await answers.ask(Math.max(...sessions), 8);
      for (const count of sessions) {
        signal.throwIfAborted();
        const {tokensPerSec} = await answers.ask(count, TOKENS);
        const traced = await traceAnswers(answers, {sessions: count, tokens: TOKENS});
        const account = accountForTime(traced.lanes, traced);
        if (account.runs.length === 0) {
          throw new Error(
            'No engine ran between two tokens: the trace has another clock than Node',
          );
        }
        const title = `${tabs} ${tabs === 1 ? 'tab' : 'tabs'}, ${count} ${count === 1 ? 'answer' : 'answers'}`;
        print(context, {title, tabs, traced, account, untracedPerSec: tokensPerSec});
        scenes.push({title, traced, account});
      }
    } finally {
      await answers.stop();
    }
  }
  await mkdir(reportDir, {recursive: true});
  const page = join(reportDir, 'timeline.html');
  await writeFile(page, timelinePage(scenes));
  await writeFile(join(reportDir, 'timeline.json'), JSON.stringify(scenes));
  log(page);
};

function print(
  context: BenchmarkContext,
  scene: {
    readonly title: string;
    readonly tabs: number;
    readonly traced: TracedAnswers;
    readonly account: TimeAccount;
    readonly untracedPerSec: number;
  },
): void {
  const {title, tabs, traced, account, untracedPerSec} = scene;
  const {windowMs, wallMs, cpuMs, enginesMs, runs} = account;
  const line = (name: string, value: number, unit: string): void => {
    context.print(lineOf(`timeline: ${title}: ${name}`, value, unit));
  };
  const tokensPerSec = (1_000 * traced.tokens) / windowMs;
  context.print({
    ...lineOf(`timeline: ${title}: traced, against before`, tokensPerSec, 'tokens/s'),
    against: untracedPerSec,
    ratio: tokensPerSec / untracedPerSec,
  });
  for (const activity of ACTIVITIES) {
    line(
      `${activity} while nothing nearer to the engine runs`,
      wallMs[activity] / windowMs,
      'of the time',
    );
  }
  for (const [engines, ms] of enginesMs.entries()) {
    line(`${engines} engines at once`, ms / windowMs, 'of the time');
  }
  for (const [activity, ms] of Object.entries(cpuMs))
    line(`${activity}, processor`, ms / windowMs, 'cores');
  line('server and driver, processor', traced.driverCpuMs / windowMs, 'cores');
  line('cores of the machine', cpus().length, 'cores');
  const runMs = runs.map(({startMs, endMs}) => endMs - startMs);
  context.print({
    ...lineOf(`timeline: ${title}: a run of the engine`, percentile(runMs, 50), 'ms'),
    ...spreadOf(runMs),
  });
  line(
    'sessions in a run of the engine, on average',
    (tabs * traced.tokens) / runs.length,
    'sessions',
  );
}
