import {expect, test} from '@playwright/test';
import type {AnswerEvent, ChainHop} from '#shared/client/chat/chat-service.ts';
import {extendAnswer, NO_ANSWER, type Answer} from '../swarm/answer.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm, type TinySwarm} from '../swarm/start-tiny-swarm.ts';
import type {LendState} from '../../web/src/ports/lend-service.ts';
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
/** Slow enough, and so long, that it goes on for long after that. */
const LEND = {
  engine: 'stub',
  capacity: {kind: 'layers', maxLayers: 15},
  stubSlowdown: 6,
} as const;
const REQUEST = greedyRequest('Who is there?', {maxNewTokens: 48});

/** Its browser tells a page nothing of connections that the page itself has closed. */
async function closeConnections({page}: Tab): Promise<void> {
  await page.evaluate(() => {
    for (const connection of peerConnections) connection.close();
  });
}

type Interrupted = {readonly answer: Answer; readonly lostCount: number};

/** What happens to an answer once it has so many tokens. */
type Interruptions = Readonly<Record<number, (answer: Answer) => Promise<void>>>;

async function askWith(client: Tab, interruptions: Interruptions): Promise<Interrupted> {
  let answer = NO_ANSWER;
  let lostCount = 0;
  await client.ask(REQUEST, {
    onEvent: async (event) => {
      answer = extendAnswer(answer, event);
      if (event.kind === 'lost') lostCount += 1;
      if (event.kind === 'token') await interruptions[answer.tokenIds.length]?.(answer);
    },
  });
  return {answer, lostCount};
}

let world: TinySwarm;
let client: Tab;
let quiet: Answer;
const tabs = new Map<string, Tab>();

async function openHalves(): Promise<readonly LendState[]> {
  const states: LendState[] = [];
  const options = {model: world.model.id, initScript: COLLECT_CONNECTIONS};
  for (let i = 0; i < 2; i += 1) {
    const tab = await world.swarm.openLendingTab(LEND, options);
    states.push(await tab.waitForLendState(['serving'], {timeoutMs: SERVE_TIMEOUT_MS}));
    tabs.set((await tab.traffic()).peerId, tab);
  }
  return states;
}

const nodesOf = ({chains}: Answer): readonly string[] =>
  chains.flatMap((hops) => hops.map(({node}) => node));

test.beforeAll(async () => {
  world = await startTinySwarm();
  await openHalves();
  client = await world.swarm.openTab({model: world.model.id, initScript: COLLECT_CONNECTIONS});
  quiet = await askForAnswer(client, REQUEST);
});

test.afterAll(async () => {
  await world.stop();
});

test('[RC4] the client, the head and the tail close all their connections in turn, and there is no other chain: each answer goes on over new ones, and so does the next question', async () => {
  const lenders = nodesOf(quiet).flatMap((node) => tabs.get(node) ?? []);
  expect(lenders).toHaveLength(2);
  for (const closed of [client, ...lenders]) {
    const {answer, lostCount} = await askWith(client, {4: () => closeConnections(closed)});
    expect(answer.tokenIds).toEqual(quiet.tokenIds);
    // Each closes two links of the chain, which may be noticed one after the other.
    expect([1, 2]).toContain(lostCount);
    expect((await askForAnswer(client, REQUEST)).tokenIds).toEqual(quiet.tokenIds);
  }
});

test('[RC5] a tab that stops lending serves the answer that runs there to its end; stopped at once, it hands it over', async () => {
  await openHalves();
  for (const {place, presses, lost} of [
    {place: 0, presses: 1, lost: 0},
    {place: -1, presses: 2, lost: 1},
  ]) {
    let left = '';
    let leaving: readonly Promise<void>[] = [];
    const {answer, lostCount} = await askWith(client, {
      4: async (begun) => {
        left = nodesOf(begun).at(place) ?? '';
        const tab = tabs.get(left);
        leaving = Array.from({length: presses}, async () => tab?.stopLending());
      },
    });
    expect(answer.tokenIds).toEqual(quiet.tokenIds);
    expect(lostCount).toBe(lost);
    await Promise.all(leaving);
    const next = await askForAnswer(client, REQUEST);
    expect(next.chains).toHaveLength(1);
    expect(nodesOf(next)).not.toContain(left);
    expect(next.tokenIds).toEqual(quiet.tokenIds);
  }
});

test('[RC8] [GN25] where the only tail is closed, the answer asks it nothing more, and ends with its layers and no others', async () => {
  const heard: AnswerEvent[] = [];
  const asking = client.ask(REQUEST, {
    onEvent: async (event) => {
      heard.push(event);
      if (event.kind !== 'token' || heard.filter(({kind}) => kind === 'token').length !== 4) return;
      const tail = lastHops(heard).at(-1)?.node ?? '';
      await tabs.get(tail)?.close();
    },
  });
  await expect(asking).rejects.toMatchObject({code: 'LAYERS_LOST'});
  const {startLayer, endLayer} = lastHops(heard).at(-1) ?? {};
  const after = heard.slice(heard.findIndex(({kind}) => kind === 'lost') + 1);
  expect(after.map(({kind}) => kind)).not.toContain('chain');
  const waits = after.flatMap((event) => (event.kind === 'waiting' ? [event.missing] : []));
  expect(waits.length).toBeGreaterThan(0);
  for (const missing of waits) {
    expect(missing).toHaveLength(1);
    expect(missing).toMatchObject([{startLayer, endLayer}]);
    expect(['silent', 'no-node']).toContain(missing[0]?.why);
  }
});

test('[RR5] the only tab with its layers leaves, and then one beside it is closed: the answer goes on at the one that leaves, and at another in place of the closed', async () => {
  // The first takes the place of the one that was closed.
  const [, spare] = await openHalves();
  const spared = spare?.kind === 'serving' ? spare.layers.startLayer : Number.NaN;
  let leaving: Promise<void> | undefined;
  let left = '';
  const {answer} = await askWith(client, {
    4: async ({chains}) => {
      const [closed, alone] = [true, false].map(
        (isSpared) =>
          chains.at(-1)?.find(({startLayer}) => (startLayer === spared) === isSpared)?.node ?? '',
      );
      left = alone ?? '';
      leaving = tabs.get(left)?.stopLending();
      await expect.poll(listed, {timeout: SERVE_TIMEOUT_MS}).not.toContain(left);
      await tabs.get(closed ?? '')?.close();
    },
  });
  expect(answer.tokenIds).toEqual(quiet.tokenIds);
  expect(answer.chains).toHaveLength(2);
  expect(answer.chains[1]?.map(({node}) => node)).toContain(left);
  await leaving;
});

async function listed(): Promise<readonly string[]> {
  return (await client.knownRecords()).map(({peerId}) => peerId);
}

function lastHops(heard: readonly AnswerEvent[]): readonly ChainHop[] {
  const last = heard.findLast(({kind}) => kind === 'chain');
  return last?.kind === 'chain' ? last.hops : [];
}
