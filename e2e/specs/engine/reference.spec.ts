import {expect, test} from '@playwright/test';
import {countChains} from '../../load/scenario/count-chains.ts';
import {RecoveryWatch} from '../../load/run/recovery-watch.ts';
import {answerReference, type AnsweredChat} from '../../reference/answer-reference.ts';
import {CLOSE_MARGIN, firstDifference} from '../../reference/first-difference.ts';
import {REFERENCE_CHATS} from '../../reference/reference-chats.ts';
import {startReferenceSwarm, type ReferenceSwarm} from '../../reference/reference-swarm.ts';
import {extendAnswer, NO_ANSWER} from '../../swarm/answer.ts';
import {greedyRequest} from '../../swarm/ask.ts';
import {prepareModel, type PreparedModel} from '../../tools/machine/model-file/prepare-model.ts';
import {log} from '../../swarm/test-log.ts';

const TAB_COUNT = 3;
/** f16 of 576 channels, and the header of a frame. */
const BYTES_PER_TOKEN = 2 * 576 + 28;
const LOGPROBS = 20;
/** Of each answer; the shortest are whole. */
const MOST_TOKENS = 16;
/**
 * One more than are answered at once, the last one short: it joins the others when the first one ends.
 * `npm run soak -- reference` has all twelve, to their end.
 */
const CHOSEN = [
  'open-01-question',
  'open-03-code',
  'open-05-list',
  'open-06-french',
  'open-07-chinese',
  'open-09-long',
  'open-10-emoji',
  'open-12-json',
  'open-11-short',
];
const chatOf = (chosen: string) => REFERENCE_CHATS.find(({id}) => id === chosen);
const CHATS = CHOSEN.flatMap((chosen) => chatOf(chosen) ?? []);

let model: PreparedModel;
let world: ReferenceSwarm;

test.beforeAll(async () => {
  test.setTimeout(800_000);
  model = await prepareModel({log});
  world = await startReferenceSwarm(model, {tabCount: TAB_COUNT, log});
});
test.afterAll(async () => {
  await world.stop();
});

/** Against float32. Returns what differs where two tokens are almost equal; anything else fails. */
function compare({chat, answer}: AnsweredChat): string | null {
  expect(answer.promptTokenIds, chat.id).toEqual(chat.prompt_ids);
  expect(answer.chains.at(-1)?.length, chat.id).toBe(TAB_COUNT);
  const likeliest = answer.topLogprobs.map((top) => top[0]?.id);
  expect(likeliest, chat.id).toEqual(answer.tokenIds);
  for (const top of answer.topLogprobs) expect(top, chat.id).toHaveLength(LOGPROBS);
  const {ids, text} = chat.exact_f32;
  const exact_f32 = {...chat.exact_f32, ids: ids.slice(0, MOST_TOKENS)};
  const difference = firstDifference({chat: {...chat, exact_f32}, answer});
  if (difference === null) {
    // One that is cut off may end in the middle of a character.
    const shown = answer.text.replace(/\u{fffd}+$/u, '');
    expect(ids.length < MOST_TOKENS ? text : text.slice(0, shown.length), chat.id).toBe(shown);
    return null;
  }
  const {token, margin} = difference;
  expect(margin, `${chat.id} differs at token ${token}`).toBeLessThan(CLOSE_MARGIN);
  return `${chat.id}: token ${token}, margin ${margin}`;
}

test('[RF1] [SW6] [TO1] chats of the reference over three tabs, eight at once that begin at random, for two clients: their prompts, the tokens of float32 unless two are almost equal, few bytes for each, and the very numbers that they have alone', async () => {
  test.setTimeout(800_000);
  expect(CHATS).toHaveLength(CHOSEN.length);
  const {answered, alone, bytesPerToken} = await answerReference(world, CHATS, {
    maxNewTokens: MOST_TOKENS,
  });
  expect(answered).toHaveLength(CHATS.length);
  expect(new Set(bytesPerToken)).toEqual(new Set([BYTES_PER_TOKEN]));
  const differences = answered.map(compare).filter((difference) => difference !== null);
  expect(alone).toHaveLength(CHATS.length);
  for (const [at, {chat, answer}] of alone.entries()) {
    const {length} = answer.tokenIds;
    const together = answered[at]?.answer;
    expect(together?.tokenIds.slice(0, length), chat.id).toEqual(answer.tokenIds);
    expect(together?.topLogprobs.slice(0, length), chat.id).toEqual(answer.topLogprobs);
  }
  const listed = differences.join('; ') || 'none';
  log(`Texts that differ from float32 where two tokens are almost equal: ${listed}`);
});

/** After so many tokens the head is killed, then the middle, then the tail. */
const KILLED_AFTER = [3, 8, 13];
const LONG_ENOUGH = 24;

test('[RC6] an answer of the real model loses its head, its middle and its tail to SIGKILL, and has the tokens of exact arithmetic', async () => {
  test.setTimeout(720_000);
  // Of all chats, the one in which no two tokens are nearly as likely.
  const chat = chatOf('open-03-code');
  const tabs = [...world.lenders, ...(await world.openReplicas())];
  const [client] = world.clients;
  const chainsKnown = async (): Promise<number> => {
    const records = (await client?.knownRecords()) ?? [];
    return countChains(
      model.grid,
      records.flatMap(({shards}) => shards),
    );
  };
  await expect.poll(chainsKnown).toBe(2);
  const ofNode = new Map(
    await Promise.all(
      tabs.map(async (tab) => {
        await tab.findProcess();
        return [(await tab.traffic()).peerId, tab] as const;
      }),
    ),
  );
  const killed = new Set<string>();
  const watch = new RecoveryWatch();
  let answer = NO_ANSWER;
  const prompt = {kind: 'messages', messages: chat?.messages ?? []} as const;
  await client?.ask(greedyRequest('', {prompt, maxNewTokens: LONG_ENOUGH}), {
    onEvent: async (event, atUnixMs) => {
      answer = extendAnswer(answer, event);
      watch.see(event, atUnixMs);
      const stage = KILLED_AFTER.indexOf(answer.tokenIds.length);
      if (event.kind !== 'token' || stage === -1) return;
      const node = answer.chains.at(-1)?.[stage]?.node ?? '';
      killed.add(node);
      await ofNode.get(node)?.kill();
    },
  });
  expect(killed.size).toBe(TAB_COUNT);
  expect([...ofNode.keys()]).toEqual(expect.arrayContaining([...killed]));
  expect(answer.tokenIds).toEqual(chat?.exact_f32.ids.slice(0, LONG_ENOUGH));
  expect(watch.recoveries).toHaveLength(TAB_COUNT);
});
