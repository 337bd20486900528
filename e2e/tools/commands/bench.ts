/// <reference types="node" />
import type {Benchmark} from '../../lab/bench/benchmark.ts';
import {chooseNamed} from '../command-line/choose-named.ts';
import type {Command} from '../command-line/command.ts';
import {engineNamed} from '../command-line/engine-named.ts';
import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';

type NamedBenchmark = {readonly meaning: string; readonly load: () => Promise<Benchmark>};

/** Benchmarks by name. Each is loaded only when it is asked for. */
const BENCHMARKS: Readonly<Record<string, NamedBenchmark>> = {
  'route-quality': {
    meaning: 'the chains of phase 2 against other routers, on the reference pools',
    load: async () =>
      (await import('../../lab/bench/route-quality/bench-route-quality.ts')).benchRouteQuality,
  },
  scheduling: {
    meaning: 'both phases on and off in virtual swarms, with plots in scheduling.html',
    load: async () => (await import('../../lab/bench/scheduling/scheduling.ts')).benchScheduling,
  },
  'plan-quality': {
    meaning: "our plans against Parallax's, on pools made from --seed",
    load: async () => (await import('../../lab/bench/scheduling/plan-quality.ts')).benchPlanQuality,
  },
  'plan-cost': {
    meaning: 'how the time of planning grows with the swarm',
    load: async () => (await import('../../lab/bench/scheduling/plan-cost.ts')).benchPlanCost,
  },
  reader: {
    meaning: 'what reading a long list of records costs the main thread of a real tab',
    load: async () => (await import('../../lab/bench/tabs/reader.ts')).benchReader,
  },
  'stale-clients': {
    meaning: 'what old records cost clients that do not know of each other',
    load: async () =>
      (await import('../../lab/bench/scheduling/stale-clients.ts')).benchStaleClients,
  },
  batches: {
    meaning: 'what it brings that sessions run as one, and that phase 2 knows',
    load: async () => (await import('../../lab/bench/scheduling/batches.ts')).benchBatches,
  },
  floods: {
    meaning: "what is left of an answer's speed while a peer floods a real tab, and afterwards",
    load: async () => (await import('../../lab/bench/tabs/floods.ts')).benchFloods,
  },
  'data-path': {
    meaning: 'frames between two real tabs over data channels, against libp2p streams',
    load: async () => (await import('../../lab/bench/links/data-path.ts')).benchDataPath,
  },
  clock: {
    meaning: 'how long until a real tab whose clock is set wrong is served again',
    load: async () => (await import('../../lab/bench/clock/bench-clock.ts')).benchClock,
  },
  away: {
    meaning: 'how long a real tab that was frozen takes to serve again',
    load: async () => (await import('../../lab/bench/tabs/away.ts')).benchAway,
  },
  'closed-tab': {
    meaning: 'how long a question waits for its first token when a tab has just been closed',
    load: async () => (await import('../../lab/bench/tabs/closed-tab.ts')).benchClosedTab,
  },
  takeover: {
    meaning: 'how long an answer pauses when a real tab of its chain is closed or killed',
    load: async () => (await import('../../lab/bench/tabs/takeover.ts')).benchTakeover,
  },
  serving: {
    meaning: 'eight answers at once against one, in one real tab, in three, and by the bare engine',
    load: async () => (await import('../../lab/bench/serving/bench-serving.ts')).benchServing,
  },
  phases: {
    meaning: 'both phases on and off on real tabs that are far from each other, one of them slow',
    load: async () => (await import('../../lab/bench/phases/bench-phases.ts')).benchPhases,
  },
  engine: {
    meaning:
      'the whole model in one tab against wllama and the bandwidth of the memory, and on a GPU',
    load: async () => (await import('../../lab/bench/engine/bench-engine.ts')).benchEngine,
  },
  timeline: {
    meaning:
      'where the time of a step goes over one real tab and three, with a picture in timeline.html',
    load: async () => (await import('../../lab/bench/timeline/bench-timeline.ts')).benchTimeline,
  },
  network: {
    meaning: 'frames, decode steps and prompts between real tabs that are far from each other',
    load: async () => (await import('../../lab/bench/network/bench-network.ts')).benchNetwork,
  },
  gateway: {
    meaning:
      'how soon the API refuses what is hostile or too much, and what that costs the accepted',
    load: async () => (await import('../../lab/bench/gateway/bench-gateway.ts')).benchGateway,
  },
  vocabulary: {
    meaning: 'how long a vocabulary of 262,144 tokens holds up a page that asks or lends',
    load: async () =>
      (await import('../../lab/bench/vocabulary/bench-vocabulary.ts')).benchVocabulary,
  },
  markdown: {
    meaning: 'what it costs the page to render a long answer token by token',
    load: async () => (await import('../../lab/bench/tabs/markdown.ts')).benchMarkdown,
  },
  'hostile-answers': {
    meaning: 'how long an answer that means harm keeps the page of a widget busy',
    load: async () => (await import('../../lab/bench/tabs/hostile-answers.ts')).benchHostileAnswers,
  },
  prediction: {
    meaning: 'predicted against measured times of three real tabs with the real model',
    load: async () => (await import('../../lab/bench/tabs/prediction.ts')).benchPrediction,
  },
};

const COMMAND = {
  start: 'npm run -s bench',
  purpose:
    'Benchmarks, one after the other. One JSON object for each figure, one per line, on ' +
    'standard output; progress on standard error.',
  operands: {name: 'NAME', meaning: 'the benchmarks to run; all when none is named', count: 'any'},
  options: {
    seed: {type: 'string', value: 'N', default: '1', meaning: 'of everything that is drawn'},
    nodes: {
      type: 'string',
      value: 'N,N…',
      meaning: 'sizes of the swarms (default: those of each benchmark)',
    },
    engine: {
      type: 'string',
      value: 'NAME',
      meaning: 'of the benchmark engine: wasm, or webgpu, where there is a GPU (default: both)',
    },
    threads: {
      type: 'string',
      value: 'N',
      default: '1',
      meaning: 'of the processor that the benchmark engine compares by, ours and theirs',
    },
    report: {
      type: 'string',
      value: 'DIR',
      default: 'report',
      meaning: 'the folder of tables and plots',
    },
  },
  tables: [
    {
      title: 'Benchmarks',
      rows: Object.entries(BENCHMARKS).map(([name, {meaning}]) => [name, meaning] as const),
    },
  ],
} as const satisfies Command;

await runToExit(COMMAND, async ({values, positionals, signal}) => {
  const context = {
    seed: wholeNumber('seed', values.seed, 0),
    nodes: values.nodes?.split(',').map((text) => wholeNumber('nodes', text, 1)) ?? null,
    ...(values.engine !== undefined && {engine: engineNamed(values.engine)}),
    threads: wholeNumber('threads', values.threads, 1),
    reportDir: pathFromCaller(values.report),
    print: (line: object) => void process.stdout.write(`${JSON.stringify(line)}\n`),
    log: (text: string) => void process.stderr.write(`${text}\n`),
    signal,
  };
  // One after the other: they would slow each other down.
  for (const {load} of chooseNamed('benchmark', BENCHMARKS, positionals)) {
    const run = await load();
    await run(context);
  }
});
