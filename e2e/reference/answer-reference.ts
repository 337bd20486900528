import type {Answer} from '../swarm/answer.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {forEachAtOnce} from '../swarm/for-each-at-once.ts';
import type {Tab} from '../swarm/tab.ts';
import type {ReferenceChat} from './reference-chats.ts';
import type {ReferenceSwarm} from './reference-swarm.ts';

/** As many as an engine runs as one. */
const ANSWERS_AT_ONCE = 8;
const ASKED_ALONE = 3;

/** A chat of the reference, and the answer of a swarm to it. */
export type AnsweredChat = {readonly chat: ReferenceChat; readonly answer: Answer};

type AnsweredReference = {
  /** Eight at once. */
  readonly answered: readonly AnsweredChat[];
  /** Those with the shortest answers again, one after the other. */
  readonly alone: readonly AnsweredChat[];
  /** What a hop sent to the next for a decoded token: one value for each of its sessions. */
  readonly bytesPerToken: readonly number[];
};

/** The clients take turns in asking the chats. */
export async function answerReference(
  {clients, lenders}: Pick<ReferenceSwarm, 'clients' | 'lenders'>,
  chats: readonly ReferenceChat[],
  {maxNewTokens}: {readonly maxNewTokens: number},
): Promise<AnsweredReference> {
  const asked = {clients, maxNewTokens};
  const answered = await askChats(asked, chats, ANSWERS_AT_ONCE);
  const shortestFirst = chats.toSorted((a, b) => a.exact_f32.ids.length - b.exact_f32.ids.length);
  const alone = await askChats(asked, shortestFirst.slice(0, ASKED_ALONE), 1);
  return {answered, alone, bytesPerToken: (await Promise.all(lenders.map(bytesPerTokenOf))).flat()};
}

/** Answers are of different lengths: whenever one is over, the next one joins the others. */
async function askChats(
  {clients, maxNewTokens}: {readonly clients: readonly Tab[]; readonly maxNewTokens: number},
  chats: readonly ReferenceChat[],
  atOnce: number,
): Promise<readonly AnsweredChat[]> {
  const answered: AnsweredChat[] = [];
  const numbered = [...chats.entries()];
  await forEachAtOnce(numbered, atOnce, async ([i, chat]) => {
    const client = clients[i % clients.length];
    if (client === undefined) throw new Error('Broken invariant: there are clients');
    const prompt = {kind: 'messages', messages: chat.messages} as const;
    const request = greedyRequest('', {prompt, maxNewTokens, topLogprobs: 20});
    const answer = await askForAnswer(client, request);
    answered[i] = {chat, answer};
  });
  return answered;
}

async function bytesPerTokenOf(tab: Tab): Promise<readonly number[]> {
  const {sessions} = await tab.traffic();
  return sessions.flatMap(({decodeTokens, decodeBytes}) =>
    decodeTokens === 0 ? [] : decodeBytes / decodeTokens,
  );
}
