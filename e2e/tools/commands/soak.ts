/// <reference types="node" />
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {broken} from '#shared/lab/virtual-swarm/checks.ts';
import {chooseNamed} from '../command-line/choose-named.ts';
import type {Command} from '../command-line/command.ts';
import type {Soak, SoakContext} from '../../lab/soak/soak.ts';
import {soakInWorker} from '../../lab/soak/virtual/soak-in-worker.ts';
import {VIRTUAL_SOAKS} from '../../lab/soak/virtual/virtual-soaks.ts';
import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {wholeNumber} from '../command-line/whole-number.ts';

type NamedSoak = {
  readonly name: string;
  readonly meaning: string;
  readonly load: () => Promise<Soak>;
};

/** The long runs by name. */
const SOAKS: Readonly<Record<string, NamedSoak>> = named([
  ...Object.entries(VIRTUAL_SOAKS).map(([name, {meaning}]) => ({
    name,
    meaning,
    load: () => Promise.resolve(soakInWorker(name)),
  })),
  {
    name: 'broken-chains',
    meaning: '500 tabs, every answer loses hops, 200 seeds: none is lost or wrong (virtual time)',
    load: async () => (await import('../../lab/soak/virtual/broken-chains.ts')).soakBrokenChains,
  },
  {
    name: 'many-tabs',
    meaning: 'the scenario soak/many-tabs.json: twenty real tabs, a hundred questions',
    load: async () => (await import('../../lab/soak/many-tabs.ts')).soakManyTabs,
  },
  {
    name: 'crowd-at-once',
    meaning: 'a crowd of clients that arrives in the same moment, twenty times',
    load: async () => (await import('../../lab/soak/crowd-at-once.ts')).soakCrowdAtOnce,
  },
  {
    name: 'even-out',
    meaning: 'two of three tabs close that hold the same layers, and another moves there',
    load: async () => (await import('../../lab/soak/even-out.ts')).soakEvenOut,
  },
  {
    name: 'churn',
    meaning:
      'real tabs that come and go in every way, and a server that does, while 500 answers are given',
    load: async () => (await import('../../lab/soak/churn.ts')).soakChurn,
  },
  {
    name: 'long-serve',
    meaning: 'three tabs with the real model that serve for --minutes; a newcomer asks each minute',
    load: async () => (await import('../../lab/soak/long-serve.ts')).soakLongServe,
  },
  {
    name: 'server-down',
    meaning: 'the only server is killed for --minutes; tabs that know each other serve on',
    load: async () => (await import('../../lab/soak/server-down.ts')).soakServerDown,
  },
  {
    name: 'thawed-tabs',
    meaning: 'tabs that are frozen in the middle of an answer: how soon the next one has them',
    load: async () => (await import('../../lab/soak/thawed-tabs.ts')).soakThawedTabs,
  },
  {
    name: 'false-alarms',
    meaning: 'tabs that serve for --minutes beside a load of four times the cores: none is lost',
    load: async () => (await import('../../lab/soak/false-alarms.ts')).soakFalseAlarms,
  },
  {
    name: 'gateway',
    meaning:
      'the API over three real tabs: schemas, public suites, the client of Python, eight callers, overload, 2,000 generated requests',
    load: async () => (await import('../../lab/soak/gateway/soak-gateway.ts')).soakGateway,
  },
  {
    name: 'server-heap',
    meaning: 'what thousands of visitors leave in the memory of the signal server',
    load: async () => (await import('../../lab/soak/server-heap.ts')).soakServerHeap,
  },
  {
    name: 'attackers',
    meaning: 'every kind of attack at once, beside three honest tabs that serve',
    load: async () => (await import('../../lab/soak/attackers.ts')).soakAttackers,
  },
  {
    name: 'liars',
    meaning: 'every lie that a hop can tell, beside two honest tabs that serve',
    load: async () => (await import('../../lab/soak/liars/soak-liars.ts')).soakLiars,
  },
  {
    name: 'fault-matrix',
    meaning: 'every kind of fault at every stage and moment of an answer, and at who takes over',
    load: async () => (await import('../../lab/soak/fault-matrix.ts')).soakFaultMatrix,
  },
  {
    name: 'damaged-files',
    meaning: 'ten thousand random headers, and a thousand damaged files of every storage type',
    load: async () => (await import('../../lab/soak/damaged-files.ts')).soakDamagedFiles,
  },
  {
    name: 'models',
    meaning:
      'a tiny model of every family and storage type in real tabs, in any pieces, against the reference',
    load: async () => (await import('../../lab/soak/models/soak-models.ts')).soakModels,
  },
  {
    name: 'golden',
    meaning: 'the golden test on the real model: every tensor a hundredth too large is found',
    load: async () => (await import('../../lab/soak/models/soak-golden.ts')).soakGolden,
  },
  {
    name: 'gemma',
    meaning:
      'Gemma 3 270M from PyPI over three real tabs, against the reference; shows its terms first',
    load: async () => (await import('../../lab/soak/models/soak-gemma.ts')).soakGemma,
  },
  {
    name: 'reference',
    meaning: 'every chat of the reference over three tabs and over one: the same bits',
    load: async () => (await import('../../lab/soak/reference/soak-reference.ts')).soakReference,
  },
]);

function named(soaks: readonly NamedSoak[]): Readonly<Record<string, NamedSoak>> {
  return Object.fromEntries(soaks.map((soak) => [soak.name, soak]));
}

const COMMAND = {
  start: 'npm run -s soak',
  purpose:
    'Long and heavy runs with the assertions of the tests and larger numbers. One JSON object ' +
    'for each on standard output, and in its report; exits with 1 when a check does not hold.',
  operands: {name: 'NAME', meaning: 'the runs to make; all when none is named', count: 'any'},
  options: {
    seed: {type: 'string', value: 'N', default: '1', meaning: 'of everything that is drawn'},
    minutes: {
      type: 'string',
      value: 'N',
      meaning: 'length of long-serve, server-down and false-alarms (default: their own)',
    },
    only: {
      type: 'string',
      value: 'NAMES',
      default: '',
      meaning:
        'of models, and of the parts of gateway, those whose names contain one of these, with commas between (default: all)',
    },
    report: {
      type: 'string',
      value: 'DIR',
      default: join('report', 'soak'),
      meaning: 'the folder of the reports',
    },
  },
  tables: [
    {
      title: 'Runs',
      rows: Object.values(SOAKS).map(({name, meaning}) => [name, meaning] as const),
    },
  ],
} as const satisfies Command;

await runToExit(COMMAND, async ({values, positionals, signal}) => {
  const asked = chooseNamed('soak', SOAKS, positionals);
  const context = {
    seed: wholeNumber('seed', values.seed, 0),
    minutes: values.minutes === undefined ? null : wholeNumber('minutes', values.minutes, 1),
    only: values.only.split(','),
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
