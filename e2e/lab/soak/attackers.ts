/// <reference types="node" />
import {setTimeout as wait} from 'node:timers/promises';
import {Worker} from 'node:worker_threads';
import {chromium, type Browser} from 'playwright';
import {atLeast, atMost, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import {askWorker} from '../bench/ask-worker.ts';
import {percentile} from '../../load/report/percentile.ts';
import {chromiumArguments, findChromium} from '../../tools/machine/find-chromium.ts';
import {prepareModel} from '../../tools/machine/model-file/prepare-model.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {Tab} from '../../swarm/tab.ts';
import type {AttackCounts, AttackOutcome} from './attack/attack-plan.ts';
import type {AttackTarget} from './attack/attack-target.ts';
import {honestTab, type HonestTimes} from './attack/honest-tab.ts';
import {watchHealth} from './attack/watch-health.ts';
import type {Soak} from './soak.ts';
import {ServerProcess} from '../../swarm/server/server-process.ts';
import {log} from '../../swarm/test-log.ts';

const MAX_TABS = 500;
const COUNTS: AttackCounts = {
  silentSockets: 3_000,
  identities: 10_000,
  pipelinedLookups: 20_000,
  hangingDhtServers: 1,
  idleConnections: 2 * MAX_TABS,
  relayedDialsPerSec: 70,
  diallingPeers: 8,
  durationMs: 40_000,
};
/** So that the attack is under way when the first honest tab comes. */
const HEAD_START_MS = 2_000;
/** Else the server held against less than was meant. */
const LEAST_TRIED = {
  'silent sockets': COUNTS.silentSockets,
  'pipelined lookups': COUNTS.pipelinedLookups,
  'idle connections': COUNTS.idleConnections,
} as const;
const HONEST_EVERY_MS = 2_000;
const ASKED_EVERY_MS = 2_000;
const LENDING_TABS = 3;
const OPEN_TIMEOUT_MS = 120_000;
const ANSWER_TOKENS = 24;

/** From eight addresses that nobody honest has; and all of them from that of the honest. */
const PHASES = {
  'from 127.0.0.2–9': Array.from({length: 8}, (_, i) => `127.0.0.${i + 2}`),
  'from the address of the honest': ['127.0.0.1'],
} as const;

type Swarm = {readonly lending: readonly Tab[]; readonly client: Tab};

type Phase = {
  readonly honest: readonly HonestTimes[];
  readonly healthMs: readonly number[];
  readonly asked: number;
  readonly failed: readonly string[];
  readonly attacks: readonly AttackOutcome[];
};

/** Every kind of attack at once, beside a swarm of three tabs that serves and grows. */
export const soakAttackers: Soak = async (_, {signal}) => {
  const model = await prepareModel({log, signal});
  const server = await ServerProcess.start({
    env: {MODELS_DIR: model.modelsDir, MAX_TABS: String(MAX_TABS)},
  });
  const browser = await chromium.launch({
    executablePath: await findChromium({log, signal}),
    args: chromiumArguments({webgpu: false}),
  });
  try {
    const swarm = await openSwarm(browser, {url: server.url, model: model.id});
    const checks: Check[] = [];
    const figures: Record<string, unknown> = {};
    for (const [name, fromAddresses] of Object.entries(PHASES)) {
      log(`Attack ${name}`);
      const phase = await runPhase(server, swarm, {fromAddresses, signal});
      checks.push(...phaseChecks(name, phase));
      figures[name] = {...phase, healthMs: undefined, counters: await countersOf(server)};
    }
    return {checks, figures};
  } finally {
    await browser.close();
    await server.stop();
  }
};

async function openSwarm(
  browser: Browser,
  {url, model}: {readonly url: string; readonly model: string},
): Promise<Swarm> {
  const capacity = {kind: 'layers', maxLayers: 10} as const;
  const lending: Tab[] = [];
  for (let i = 0; i < LENDING_TABS; i += 1) {
    const tab = await Tab.open(browser, {url, model});
    await tab.lend({engine: 'stub', capacity});
    await tab.waitForLendState(['serving'], {timeoutMs: OPEN_TIMEOUT_MS});
    lending.push(tab);
  }
  const client = await Tab.open(browser, {url, model});
  await client.prepare();
  return {lending, client};
}

async function runPhase(
  server: ServerProcess,
  {lending, client}: Swarm,
  {
    fromAddresses,
    signal,
  }: {readonly fromAddresses: readonly string[]; readonly signal: AbortSignal},
): Promise<Phase> {
  const victim = await lending[0]?.traffic();
  const target: AttackTarget = {
    port: server.port,
    serverId: server.peerId,
    victimId: victim?.peerId ?? '',
    fromAddresses,
    silentFrom: fromAddresses,
  };
  const worker = new Worker(new URL('attack/attack-worker.ts', import.meta.url));
  const over = new AbortController();
  try {
    const attacking = askWorker<readonly AttackOutcome[]>(
      worker,
      {target, counts: COUNTS},
      {signal},
    ).finally(() => over.abort());
    await wait(HEAD_START_MS, undefined, {signal});
    const watching = watchHealth(server.url, over.signal);
    const honest = joinAgainAndAgain(server, over.signal);
    const answers = await askUntil(client, over.signal);
    const attacks = await attacking;
    return {...answers, honest: await honest, healthMs: await watching, attacks};
  } finally {
    over.abort();
    await worker.terminate();
  }
}

async function joinAgainAndAgain(
  server: ServerProcess,
  over: AbortSignal,
): Promise<readonly HonestTimes[]> {
  const times: HonestTimes[] = [];
  while (!over.aborted) {
    times.push(await honestTab(server.url));
    await wait(HONEST_EVERY_MS, undefined, {signal: over}).catch(() => undefined);
  }
  return times;
}

async function askUntil(
  client: Tab,
  over: AbortSignal,
): Promise<{readonly asked: number; readonly failed: readonly string[]}> {
  const failed: string[] = [];
  let asked = 0;
  while (!over.aborted) {
    asked += 1;
    try {
      await askForAnswer(client, greedyRequest('Who is there?', {maxNewTokens: ANSWER_TOKENS}));
    } catch (error) {
      failed.push(String(error));
    }
    await wait(ASKED_EVERY_MS, undefined, {signal: over}).catch(() => undefined);
  }
  return {asked, failed};
}

function phaseChecks(
  name: string,
  {honest, healthMs, asked, failed, attacks}: Phase,
): readonly Check[] {
  const triedOf = (attack: string) => attacks.find(({kind}) => kind === attack)?.tried ?? 0;
  return [
    ...Object.entries(LEAST_TRIED).map(([attack, least]) =>
      atLeast(`${name}: ${attack}`, triedOf(attack), least),
    ),
    atLeast(`${name}: honest tabs that came`, honest.length, 3),
    atMost(`${name}: slowest join, ms`, Math.max(...honest.map(({joinMs}) => joinMs)), 5_000),
    atMost(
      `${name}: slowest publication, ms`,
      Math.max(...honest.map(({publishMs}) => publishMs)),
      1_000,
    ),
    atLeast(`${name}: questions asked`, asked, 3),
    atMost(`${name}: answers that failed`, failed.length, 0),
    atMost(`${name}: /healthz, 99th percentile, ms`, percentile(healthMs, 99), 500),
  ];
}

async function countersOf({url}: ServerProcess): Promise<unknown> {
  const response = await fetch(`${url}/api/counters`);
  return await response.json();
}
