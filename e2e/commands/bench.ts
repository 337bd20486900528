/// <reference types="node" />
import type {Benchmark} from '../bench/benchmark.ts';
import {chooseNamed} from '../command-line/choose-named.ts';
import {pathFromCaller} from '../command-line/path-from-caller.ts';
import {readArguments} from '../command-line/read-arguments.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';

/** Benchmarks by name. Each is loaded only when it is asked for. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  'route-quality': async () =>
    (await import('../bench/route-quality/bench-route-quality.ts')).benchRouteQuality,
  scheduling: async () => (await import('../bench/scheduling.ts')).benchScheduling,
  'plan-quality': async () => (await import('../bench/plan-quality.ts')).benchPlanQuality,
  'plan-cost': async () => (await import('../bench/plan-cost.ts')).benchPlanCost,
  reader: async () => (await import('../bench/reader.ts')).benchReader,
  'stale-clients': async () => (await import('../bench/stale-clients.ts')).benchStaleClients,
  floods: async () => (await import('../bench/floods.ts')).benchFloods,
  clock: async () => (await import('../bench/clock.ts')).benchClock,
  away: async () => (await import('../bench/away.ts')).benchAway,
  markdown: async () => (await import('../bench/markdown.ts')).benchMarkdown,
  prediction: async () => (await import('../bench/prediction.ts')).benchPrediction,
};

await runToExit(async (signal) => {
  const {values, positionals} = readArguments({
    operands: 'any',
    options: {
      seed: {type: 'string', default: '1'},
      nodes: {type: 'string'},
      report: {type: 'string', default: 'report'},
    },
  });
  const asked = chooseNamed('benchmark', BENCHMARKS, positionals);
  // One after the other: they would slow each other down.
  for (const load of asked) {
    const run = await load();
    await run({
      seed: wholeNumber('seed', values.seed, 0),
      nodes: values.nodes?.split(',').map((text) => wholeNumber('nodes', text, 1)) ?? null,
      reportDir: pathFromCaller(values.report),
      print: (line) => void process.stdout.write(`${JSON.stringify(line)}\n`),
      log: (text) => void process.stderr.write(`${text}\n`),
      signal,
    });
  }
});
