/// <reference types="node" />
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {broken} from '#shared/testing/virtual-swarm/checks.ts';
import {chooseNamed} from '../bench/choose-named.ts';
import type {Soak, SoakContext} from '../soak/soak.ts';
import {runToExit} from './run-to-exit.ts';

type NamedSoak = {readonly name: string; readonly load: () => Promise<Soak>};

/** The long runs by name. Each is loaded only when it is asked for. */
const SOAKS: Readonly<Record<string, () => Promise<Soak>>> = {
  'churn-hour': async () => (await import('../soak/churn-hour.ts')).soakChurnHour,
  'stable-hour': async () => (await import('../soak/stable-hour.ts')).soakStableHour,
  'thousand-joins': async () => (await import('../soak/thousand-joins.ts')).soakThousandJoins,
  'stale-clients': async () => (await import('../soak/stale-clients.ts')).soakStaleClients,
  'many-tabs': async () => (await import('../soak/many-tabs.ts')).soakManyTabs,
};

const named = Object.fromEntries(
  Object.entries(SOAKS).map(([name, load]): [string, NamedSoak] => [name, {name, load}]),
);

await runToExit(async (signal) => {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {
      seed: {type: 'string', default: '1'},
      report: {type: 'string', default: join('report', 'soak')},
    },
  });
  const asked = chooseNamed('soak', named, positionals);
  const context = {seed: Number(values.seed), reportDir: values.report, signal};
  const failed: string[] = [];
  for (const soak of asked) failed.push(...(await runSoak(soak, context)));
  if (failed.length > 0) throw new Error(`Not everything holds: ${failed.join('; ')}`);
});

/** Runs one to its end and writes its report. @returns what does not hold. */
async function runSoak({name, load}: NamedSoak, context: SoakContext): Promise<readonly string[]> {
  const {seed, reportDir} = context;
  process.stderr.write(`Soak ${name}, seed ${String(seed)}\n`);
  const run = await load();
  await mkdir(reportDir, {recursive: true});
  const startedMs = performance.now();
  const {checks, figures} = await run(context);
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
