import {setTimeout as wait} from 'node:timers/promises';
import {atLeast, atMost, type Check} from '#shared/lab/virtual-swarm/checks.ts';
import {greedyRequest} from '../../swarm/ask.ts';
import type {ServerProcess} from '../../swarm/server/server-process.ts';
import {startTinySwarm} from '../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import {askWithin} from './ask-within.ts';
import type {Soak} from './soak.ts';
import {log} from '../../swarm/test-log.ts';

/** Longer than anything lives that is renewed at a server, a place at its relay among them. */
const MINUTES = 65;
const QUESTION = 'Who is there?';
const LENDING_TABS = 6;
const TABS_PER_CHAIN = 3;
const LOAD_TIMEOUT_MS = 120_000;
const ASKED_EVERY_MS = 15_000;
const MINUTE_MS = 60_000;
const BACK_WITHIN_MS = 10_000;
const LOOK_EVERY_MS = 100;
/** Ends waiting for tabs that never come back. */
const GIVE_UP_MS = 120_000;
const TOKENS = 64;
const SHORT = greedyRequest(QUESTION, {maxNewTokens: TOKENS});
/** So slow that an answer outlasts a server that is down for 15 s and its return. */
const STUB_SLOWDOWN = 24;
const LONG_TOKENS = 400;
const TOKENS_BEFORE = 32;
const DOWN_MS = 15_000;
/** Between two tokens of an answer that goes on: seven tabs lose their server, or join again, on two cores. */
const MOST_PAUSE_MS = 1_000;

/**
 * The only signal server is killed within an answer, and is back within it; then it is killed again, and
 * comes back after --minutes. Meanwhile tabs that know each other are asked and answer; afterwards each
 * has its place at the relay again.
 */
export const soakServerDown: Soak = async ({minutes}, {signal}) => {
  const {swarm, model, stop} = await startTinySwarm({serverProcesses: 1, delaysWasmTiering: false});
  const [server] = swarm.serverProcesses;
  if (server === undefined) throw new Error('Broken invariant: one server was asked for');
  const failed: string[] = [];
  const leastHeard: number[] = [];
  let asked = 0;
  try {
    const maxLayers = Math.ceil(model.grid.layerCount / TABS_PER_CHAIN);
    const capacity = {kind: 'layers', maxLayers} as const;
    const lend = {engine: 'stub', stubSlowdown: STUB_SLOWDOWN, capacity} as const;
    const options = {model: model.id, timeoutMs: LOAD_TIMEOUT_MS};
    const lenders = await swarm.openServingTabs(LENDING_TABS, lend, options);
    const client = await swarm.openTab({model: model.id});
    const right = await askWithin(client, SHORT, signal);
    const restart = await restartWithin({client, lenders, server, signal});
    await server.kill();
    const untilMs = performance.now() + (minutes ?? MINUTES) * MINUTE_MS;
    while (performance.now() < untilMs) {
      asked += 1;
      const answer = await askWithin(client, SHORT, signal).catch(String);
      if (answer !== right) failed.push(answer);
      const heard = await Promise.all(lenders.map((tab) => tab.knownRecords()));
      leastHeard.push(Math.min(...heard.map((records) => records.length)));
      log(
        `question ${asked}: ${answer === right ? 'right' : answer}; ${leastHeard.at(-1)} records`,
      );
      await wait(ASKED_EVERY_MS, undefined, {signal});
    }
    const startedAtMs = Date.now();
    await server.startAgain();
    const backMs = await untilPlaced(lenders, startedAtMs);
    const newcomer = await swarm.openTab({model: model.id});
    const isNewcomerRight = (await askWithin(newcomer, SHORT, signal)) === right;
    return {
      checks: [
        ...checksOf(restart, right),
        atLeast('questions while no server was there', asked, 1),
        atMost('of these without the right answer', failed.length, 0),
        atMost('until every tab had its place at the relay again, ms', backMs, BACK_WITHIN_MS),
        atLeast('newcomers afterwards with the right answer', isNewcomerRight ? 1 : 0, 1),
      ],
      figures: {restart: figuresOf(restart), asked, failed, leastHeard, backMs},
    };
  } finally {
    await stop();
  }
};

type RestartWithin = {
  readonly tokenIds: readonly number[];
  readonly isComplete: boolean;
  /** Of hops that the answer lost. */
  readonly lostCount: number;
  readonly wasOverWhenPlaced: boolean;
  readonly backMs: number;
  /** The longest between two tokens before the server was killed, while it was down, and since it starts again. */
  readonly pauseMs: {readonly before: number; readonly down: number; readonly back: number};
};

/** One answer, within which the server is killed and comes back. */
async function restartWithin({
  client,
  lenders,
  server,
  signal,
}: {
  readonly client: Tab;
  readonly lenders: readonly Tab[];
  readonly server: ServerProcess;
  readonly signal: AbortSignal;
}): Promise<RestartWithin> {
  const tokenIds: number[] = [];
  const atMs: number[] = [];
  let lostCount = 0;
  let isComplete = false;
  const begun = Promise.withResolvers<void>();
  const asking = client.ask(greedyRequest(QUESTION, {maxNewTokens: LONG_TOKENS}), {
    signal,
    onEvent: (event) => {
      if (event.kind === 'lost') lostCount += 1;
      if (event.kind === 'end') isComplete = true;
      if (event.kind !== 'token') return;
      tokenIds.push(event.tokenId);
      atMs.push(event.atMs);
      if (tokenIds.length === TOKENS_BEFORE) begun.resolve();
    },
  });
  await Promise.race([begun.promise, asking]);
  await server.kill();
  const downFrom = atMs.length - 1;
  await wait(DOWN_MS, undefined, {signal});
  const startedAtMs = Date.now();
  const backFrom = atMs.length - 1;
  await server.startAgain();
  const backMs = await untilPlaced(lenders, startedAtMs);
  const wasOverWhenPlaced = isComplete;
  await asking;
  return {
    tokenIds,
    isComplete,
    lostCount,
    wasOverWhenPlaced,
    backMs,
    pauseMs: {
      before: longestPauseMs(atMs.slice(0, downFrom + 1)),
      down: longestPauseMs(atMs.slice(downFrom, backFrom + 1)),
      back: longestPauseMs(atMs.slice(backFrom)),
    },
  };
}

function checksOf(
  {tokenIds, isComplete, lostCount, wasOverWhenPlaced, backMs, pauseMs}: RestartWithin,
  right: string,
): readonly Check[] {
  const isRight = tokenIds.slice(0, TOKENS).join(' ') === right;
  return [
    atLeast('answers within which the server restarted, complete', isComplete ? 1 : 0, 1),
    atLeast('of these that began as an undisturbed one', isRight ? 1 : 0, 1),
    atMost(
      'of these that were over before every tab had its place again',
      wasOverWhenPlaced ? 1 : 0,
      0,
    ),
    atMost('hops that it lost', lostCount, 0),
    atMost('its longest pause while the server was down, ms', pauseMs.down, MOST_PAUSE_MS),
    atMost('its longest pause since the server starts again, ms', pauseMs.back, MOST_PAUSE_MS),
    atMost('until every tab had its place again within it, ms', backMs, BACK_WITHIN_MS),
  ];
}

function figuresOf({tokenIds, ...figures}: RestartWithin) {
  return {tokens: tokenIds.length, ...figures};
}

function longestPauseMs(atMs: readonly number[]): number {
  return Math.max(0, ...atMs.slice(1).map((eachMs, i) => eachMs - (atMs[i] ?? eachMs)));
}

/** How long it takes until each of these tabs lists all of them with an address published after `sinceMs`, in ms. */
async function untilPlaced(tabs: readonly Tab[], sinceMs: number): Promise<number> {
  const startMs = performance.now();
  for (const tab of tabs) {
    for (;;) {
      const placed = (await tab.knownRecords()).filter(
        ({addresses, seq}) => addresses.length > 0 && seq > sinceMs,
      );
      const tookMs = performance.now() - startMs;
      if (placed.length >= tabs.length || tookMs > GIVE_UP_MS) break;
      await wait(LOOK_EVERY_MS);
    }
  }
  return performance.now() - startMs;
}
