import {expect, test} from 'vitest';
import type {ChatService} from '#shared/client/chat/chat-service.ts';
import {memoryMembership} from '../../node/lending/testing/memory-membership.ts';
import type {AskingNode, AskingOptions} from '../node/create-asking-node.ts';
import {askForEvents} from './testing/ask-for-events.ts';
import {WatchedNetwork} from '../watch-network.ts';
import {SharedNodes} from './shared-nodes.ts';

const TARGET = {serverUrl: 'https://weft.example/', model: ''};
const ANSWER = {kind: 'end', finishReason: 'stop', text: 'I'} as const;

/** A page whose nodes answer at once, and what became of each. */
async function page() {
  const {membership} = await memoryMembership();
  const pageEvents = new EventTarget();
  const joined: AskingOptions[] = [];
  const left: number[] = [];
  const createNode = async (options: AskingOptions): Promise<AskingNode> => {
    const at = joined.push(options) - 1;
    const service: ChatService = {
      async *ask() {
        yield ANSWER;
      },
    };
    const chat = {
      service,
      client: Object.create(null),
      prepare: () => Promise.resolve(),
      vocabulary: () => Promise.resolve(null),
    };
    const close = async () => void left.push(at);
    return {chat, membership: {...membership, close}};
  };
  const nodes = new SharedNodes({
    createNode,
    pageEvents,
    networkTo: () => new WatchedNetwork({events: pageEvents, isOnline: () => true}),
  });
  return {nodes, pageEvents, joined, left};
}

test('[WS1] two widgets join with the first question, once, and leave with the last of them', async () => {
  const {nodes, joined, left} = await page();
  const [one, two] = [nodes.share(TARGET), nodes.share(TARGET)];
  expect(joined).toEqual([]);
  expect(await Promise.all([askForEvents(one.chat), askForEvents(two.chat)])).toEqual([
    [ANSWER],
    [ANSWER],
  ]);
  expect(joined).toMatchObject([
    {siteUrl: TARGET.serverUrl, modelId: undefined, isEphemeral: true},
  ]);
  one.release();
  one.release();
  await askForEvents(two.chat);
  expect([joined.length, left]).toEqual([1, []]);
  two.release();
  await expect.poll(() => left).toEqual([0]);
});

test('[WS1] a question that is given up while the page still joins ends at once', async () => {
  const nodes = new SharedNodes({
    createNode: async () => new Promise(() => undefined),
    pageEvents: new EventTarget(),
    networkTo: () => ({serverState: () => undefined}),
  });
  const giveUp = new AbortController();
  const asking = askForEvents(nodes.share(TARGET).chat, {signal: giveUp.signal});
  giveUp.abort(new Error('It takes too long'));
  await expect(asking).rejects.toThrow('It takes too long');
});

test('[WS1] another model, or another server, has a node of its own', async () => {
  const {nodes, joined} = await page();
  await askForEvents(nodes.share(TARGET).chat);
  await askForEvents(nodes.share({...TARGET, model: 'tiny'}).chat);
  await askForEvents(nodes.share({...TARGET, serverUrl: 'https://other.example/'}).chat);
  expect(joined.map(({siteUrl, modelId}) => [siteUrl, modelId])).toEqual([
    [TARGET.serverUrl, undefined],
    [TARGET.serverUrl, 'tiny'],
    ['https://other.example/', undefined],
  ]);
});

test('[WS1] a page that is hidden leaves at once, and joins again with its next question', async () => {
  const {nodes, pageEvents, joined, left} = await page();
  const share = nodes.share(TARGET);
  await askForEvents(share.chat);
  let isAbandoned = false;
  joined[0]?.followPage({
    leave: () => {
      isAbandoned = true;
    },
    pause: () => undefined,
    resume: () => undefined,
  });
  pageEvents.dispatchEvent(new Event('pagehide'));
  expect(isAbandoned).toBe(true);
  await expect.poll(() => left).toEqual([0]);
  await askForEvents(share.chat);
  expect(joined).toHaveLength(2);
});
