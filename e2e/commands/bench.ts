/// <reference types="node" />
import {parseArgs} from 'node:util';
import type {Benchmark} from '../bench/benchmark.ts';
import {chooseNamed} from '../bench/choose-named.ts';
import {runToExit} from './run-to-exit.ts';

/** Benchmarks by name. Each is loaded only when it is asked for. */
const BENCHMARKS: Readonly<Record<string, () => Promise<Benchmark>>> = {
  'route-quality': async () =>
    (await import('../bench/route-quality/bench-route-quality.ts')).benchRouteQuality,
  scheduling: async () => (await import('../bench/scheduling.ts')).benchScheduling,
  'plan-quality': async () => (await import('../bench/plan-quality.ts')).benchPlanQuality,
  'plan-cost': async () => (await import('../bench/plan-cost.ts')).benchPlanCost,
  'stale-clients': async () => (await import('../bench/stale-clients.ts')).benchStaleClients,
  prediction: async () => (await import('../bench/prediction.ts')).benchPrediction,
};

await runToExit(async (signal) => {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
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
      seed: Number(values.seed),
      nodes: values.nodes?.split(',').map(Number) ?? null,
      reportDir: values.report,
      print: (line) => void process.stdout.write(`${JSON.stringify(line)}\n`),
      log: (text) => void process.stderr.write(`${text}\n`),
      signal,
    });
  }
});
