import {expect, test} from '@playwright/test';
import {extendAnswer, NO_ANSWER, type Answer} from '../swarm/answer.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm} from '../swarm/start-tiny-swarm.ts';
import type {Tab} from '../swarm/tab.ts';

declare const peerConnections: readonly RTCPeerConnection[];

const COLLECT_CONNECTIONS = `{
  const all = [];
  globalThis.peerConnections = all;
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(configuration) {
      super(configuration);
      all.push(this);
    }
  };
}`;
const SERVE_TIMEOUT_MS = 300_000;
const CLOSED_AFTER_TOKENS = 4;
/** Slow enough, and so long, that it goes on for long after that. */
const LEND = {
  engine: 'stub',
  capacity: {kind: 'layers', maxLayers: 15},
  stubSlowdown: 3,
} as const;
const REQUEST = greedyRequest('Who is there?', {maxNewTokens: 80});

/** Its browser tells a page nothing of connections that the page itself has closed. */
async function closeConnections({page}: Tab): Promise<void> {
  await page.evaluate(() => {
    for (const connection of peerConnections) connection.close();
  });
}

type Interrupted = {readonly answer: Answer; readonly lostCount: number};

async function askAndClose(client: Tab, closed: Tab): Promise<Interrupted> {
  let answer = NO_ANSWER;
  let lostCount = 0;
  await client.ask(REQUEST, {
    onEvent: async (event) => {
      answer = extendAnswer(answer, event);
      if (event.kind === 'lost') lostCount += 1;
      const isTime = answer.tokenIds.length === CLOSED_AFTER_TOKENS;
      if (isTime && event.kind === 'token') await closeConnections(closed);
    },
  });
  return {answer, lostCount};
}

test('[RC4] the client, the head and the tail close all their connections in turn, and there is no other chain: each answer goes on over new ones, and so does the next question', async () => {
  const {swarm, model, stop} = await startTinySwarm();
  try {
    const options = {model: model.id, initScript: COLLECT_CONNECTIONS};
    const tabs = new Map<string, Tab>();
    for (let i = 0; i < 2; i += 1) {
      const tab = await swarm.openLendingTab(LEND, options);
      await tab.waitForLendState(['serving'], {timeoutMs: SERVE_TIMEOUT_MS});
      tabs.set((await tab.traffic()).peerId, tab);
    }
    const client = await swarm.openTab(options);
    const quiet = await askForAnswer(client, REQUEST);
    const nodes = quiet.chains[0]?.map(({node}) => node) ?? [];
    expect(nodes).toHaveLength(tabs.size);
    for (const closed of [client, ...nodes.flatMap((node) => tabs.get(node) ?? [])]) {
      const {answer, lostCount} = await askAndClose(client, closed);
      expect(answer.tokenIds).toEqual(quiet.tokenIds);
      expect(lostCount).toBe(1);
      expect((await askForAnswer(client, REQUEST)).tokenIds).toEqual(quiet.tokenIds);
    }
  } finally {
    await stop();
  }
});
