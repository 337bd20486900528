/// <reference types="node" />
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {broken} from '#shared/lab/virtual-swarm/checks.ts';
import {chooseNamed} from '../command-line/choose-named.ts';
import type {Soak, SoakContext} from '../soak/soak.ts';
import {soakInWorker} from '../soak/soak-in-worker.ts';
import {VIRTUAL_SOAKS} from '../soak/virtual-soaks.ts';
import {pathFromCaller} from '../command-line/path-from-caller.ts';
import {readArguments} from '../command-line/read-arguments.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';

type NamedSoak = {readonly name: string; readonly load: () => Promise<Soak>};

/** The long runs by name. */
const SOAKS: Readonly<Record<string, NamedSoak>> = {
  ...named(
    Object.fromEntries(
      Object.keys(VIRTUAL_SOAKS).map((name) => [name, () => Promise.resolve(soakInWorker(name))]),
    ),
  ),
  ...named({
    'many-tabs': async () => (await import('../soak/many-tabs.ts')).soakManyTabs,
    'crowd-at-once': async () => (await import('../soak/crowd-at-once.ts')).soakCrowdAtOnce,
    'long-serve': async () => (await import('../soak/long-serve.ts')).soakLongServe,
    'server-heap': async () => (await import('../soak/server-heap.ts')).soakServerHeap,
    attackers: async () => (await import('../soak/attackers.ts')).soakAttackers,
  }),
};

function named(
  loads: Readonly<Record<string, NamedSoak['load']>>,
): Readonly<Record<string, NamedSoak>> {
  return Object.fromEntries(
    Object.entries(loads).map(([name, load]): [string, NamedSoak] => [name, {name, load}]),
  );
}

await runToExit(async (signal) => {
  const {values, positionals} = readArguments({
    operands: 'any',
    options: {
      seed: {type: 'string', default: '1'},
      minutes: {type: 'string'},
      report: {type: 'string', default: join('report', 'soak')},
    },
  });
  const asked = chooseNamed('soak', SOAKS, positionals);
  const context = {
    seed: wholeNumber('seed', values.seed, 0),
    minutes: values.minutes === undefined ? null : wholeNumber('minutes', values.minutes, 1),
    reportDir: pathFromCaller(values.report),
  };
  const failed: string[] = [];
  for (const soak of asked) failed.push(...(await runSoak(soak, context, {signal})));
  if (failed.length > 0) throw new Error(`Not everything holds: ${failed.join('; ')}`);
});

/** Runs one to its end and writes its report. @returns what does not hold. */
async function runSoak(
  {name, load}: NamedSoak,
  context: SoakContext,
  options: {readonly signal: AbortSignal},
): Promise<readonly string[]> {
  const {seed, reportDir} = context;
  process.stderr.write(`Soak ${name}, seed ${String(seed)}\n`);
  const run = await load();
  await mkdir(reportDir, {recursive: true});
  const startedMs = performance.now();
  const {checks, figures} = await run(context, options);
  const report = {
    name,
    seed,
    holds: broken(checks).length === 0,
    checks,
    figures,
    tookMs: Math.round(performance.now() - startedMs),
  };
  await writeFile(join(reportDir, `${name}.json`), `${JSON.stringify(report, null, 2)}\n`);
  process.stdout.write(`${JSON.stringify(report)}\n`);
  return broken(checks).map(
    ({says, value, limit}) => `${name}: ${says}: ${String(value)}, limit ${String(limit)}`,
  );
}
