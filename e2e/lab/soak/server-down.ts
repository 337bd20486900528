import {setTimeout as wait} from 'node:timers/promises';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {startTinySwarm} from '../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import type {Soak} from './soak.ts';
import {log} from '../../swarm/test-log.ts';

/** Longer than anything lives that is renewed at a server, a place at its relay among them. */
const MINUTES = 65;
const LENDING_TABS = 6;
const TABS_PER_CHAIN = 3;
const LOAD_TIMEOUT_MS = 120_000;
/** Ends a question that hangs. */
const ASK_TIMEOUT_MS = 60_000;
const ASKED_EVERY_MS = 15_000;
const MINUTE_MS = 60_000;
const BACK_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;
/** Ends waiting for tabs that never come back. */
const GIVE_UP_MS = 120_000;
const TOKENS = 64;

/**
 * The only signal server is killed, and comes back after --minutes. Meanwhile tabs that
 * know each other are asked and answer; afterwards each has its place at the relay again.
 */
export const soakServerDown: Soak = async ({minutes}, {signal}) => {
  const {swarm, model, stop} = await startTinySwarm({serverProcesses: 1});
  const [server] = swarm.serverProcesses;
  if (server === undefined) throw new Error('Broken invariant: one server was asked for');
  const failed: string[] = [];
  const leastHeard: number[] = [];
  let asked = 0;
  try {
    const maxLayers = Math.ceil(model.grid.layerCount / TABS_PER_CHAIN);
    const lend = {engine: 'stub', capacity: {kind: 'layers', maxLayers}} as const;
    const lenders: Tab[] = [];
    for (let i = 0; i < LENDING_TABS; i += 1) {
      lenders.push(await swarm.openLendingTab(lend, {model: model.id}));
    }
    for (const tab of lenders) {
      await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
    }
    const client = await swarm.openTab({model: model.id});
    const right = await answerOf(client, signal);
    await server.kill();
    const untilMs = performance.now() + (minutes ?? MINUTES) * MINUTE_MS;
    while (performance.now() < untilMs) {
      asked += 1;
      const answer = await answerOf(client, signal).catch(String);
      if (answer !== right) failed.push(answer);
      const heard = await Promise.all(lenders.map((tab) => tab.knownRecords()));
      leastHeard.push(Math.min(...heard.map((records) => records.length)));
      log(
        `question ${asked}: ${answer === right ? 'right' : answer}; ${leastHeard.at(-1)} records`,
      );
      await wait(ASKED_EVERY_MS, undefined, {signal});
    }
    await server.startAgain();
    const backMs = await untilPlaced(lenders);
    const newcomer = await swarm.openTab({model: model.id});
    const isNewcomerRight = (await answerOf(newcomer, signal)) === right;
    return {
      checks: [
        atLeast('questions while no server was there', asked, 1),
        atMost('of these without the right answer', failed.length, 0),
        atMost('until every tab had its place at the relay again, ms', backMs, BACK_WITHIN_MS),
        atLeast('newcomers afterwards with the right answer', isNewcomerRight ? 1 : 0, 1),
      ],
      figures: {asked, failed, leastHeard, backMs},
    };
  } finally {
    await stop();
  }
};

async function answerOf(tab: Tab, signal: AbortSignal): Promise<string> {
  const request = greedyRequest('Who is there?', {maxNewTokens: TOKENS});
  const limit = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]);
  const {tokenIds} = await askForAnswer(tab, request, {signal: limit});
  return tokenIds.join(' ');
}

/** How long it takes until each of these tabs lists all of them with an address, in ms. */
async function untilPlaced(tabs: readonly Tab[]): Promise<number> {
  const startMs = performance.now();
  for (const tab of tabs) {
    for (;;) {
      const placed = (await tab.knownRecords()).filter(({addresses}) => addresses.length > 0);
      const tookMs = performance.now() - startMs;
      if (placed.length >= tabs.length || tookMs > GIVE_UP_MS) break;
      await wait(LOOK_EVERY_MS);
    }
  }
  return performance.now() - startMs;
}
