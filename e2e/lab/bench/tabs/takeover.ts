import {RecoveryWatch} from '../../../load/run/recovery-watch.ts';
import type {Recovery} from '../../../load/run/run-record.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {greedyRequest} from '../../../swarm/ask.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {spreadOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {SparedHalves} from './spared-halves.ts';

const ROUNDS = 6;
const AFTER_TOKENS = 8;
/** Its answer is longer than that. */
const REQUEST = greedyRequest('Write a long story about a weaver.', {maxNewTokens: 64});

/** What becomes of a tab in the middle of an answer, and how long the reader may wait for the next token, by the median. */
const FATES = [
  {name: 'closed', end: async (tab: Tab) => tab.close(), limitMs: 1_000},
  {name: 'killed', end: async (tab: Tab) => tab.kill(), limitMs: 5_000},
] as const;

/** How long an answer pauses when a tab of its chain is closed, or killed without a word, head and tail in turn. */
export const benchTakeover: Benchmark = async (context) => {
  const halves = await SparedHalves.start(context);
  try {
    for (const fate of FATES) await measure(context, halves, fate);
  } finally {
    await halves.stop();
  }
};

async function measure(
  {print, log, signal}: BenchmarkContext,
  halves: SparedHalves,
  {name, end, limitMs}: (typeof FATES)[number],
): Promise<void> {
  const recoveries: Recovery[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    signal.throwIfAborted();
    await halves.refill();
    const [recovery, ...others] = await recoverOnce(halves, {end, stage: round % 2});
    if (recovery === undefined || others.length > 0) throw new Error('Not one recovery');
    log(`${name}: ${JSON.stringify(recovery)}`);
    recoveries.push(recovery);
  }
  for (const part of ['pauseMs', 'detectMs', 'reopenMs', 'replayMs'] as const) {
    const values = recoveries.map((recovery) => Math.round(recovery[part]));
    print({
      name: `takeover of a tab that was ${name}: ${part}`,
      value: percentile(values, 50),
      unit: 'ms',
      ...spreadOf(values),
      ...(part === 'pauseMs' && {floor: limitMs}),
    });
  }
}

async function recoverOnce(
  halves: SparedHalves,
  {end, stage}: {readonly end: (tab: Tab) => Promise<void>; readonly stage: number},
): Promise<readonly Recovery[]> {
  const watch = new RecoveryWatch();
  let nodes: readonly string[] = [];
  let shown = 0;
  await halves.client.ask(REQUEST, {
    onEvent: async (event, atUnixMs) => {
      watch.see(event, atUnixMs);
      if (event.kind === 'chain') nodes = event.hops.map(({node}) => node);
      if (event.kind !== 'token') return;
      shown += 1;
      if (shown === AFTER_TOKENS) await end(halves.take(nodes[stage] ?? ''));
    },
  });
  return watch.recoveries;
}
