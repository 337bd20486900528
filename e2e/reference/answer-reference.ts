import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import {extendAnswer, NO_ANSWER, type Answer} from '../swarm/answer.ts';
import {greedyRequest} from '../swarm/ask.ts';
import {forEachAtOnce} from '../swarm/for-each-at-once.ts';
import type {Tab} from '../swarm/tab.ts';
import type {ReferenceChat} from './reference-chats.ts';
import type {ReferenceSwarm} from './reference-swarm.ts';

/** As many as an engine runs as one. */
const ANSWERS_AT_ONCE = 8;
/** Of each answer once more: what differs does so from its first tokens on. */
const TOKENS_ALONE = 8;
const SEED = 20_261_130;

/** A chat of the reference, and the answer of a swarm to it. */
export type AnsweredChat = {readonly chat: ReferenceChat; readonly answer: Answer};

type AnsweredReference = {
  /** Eight at once, which begin at random. */
  readonly answered: readonly AnsweredChat[];
  /** Their first tokens again, one answer after the other. */
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
  const random = seededRandom(SEED);
  // Each begins when those before it have so many tokens together, long before most of them end.
  const begins = chats.map((_, at) => (at < 2 ? 0 : Math.floor(2 * at * random())));
  const answered = await askChats(chats, {clients, maxNewTokens, begins, atOnce: ANSWERS_AT_ONCE});
  const tokensAlone = Math.min(TOKENS_ALONE, maxNewTokens);
  const alone = await askChats(chats, {clients, maxNewTokens: tokensAlone, atOnce: 1});
  return {answered, alone, bytesPerToken: (await Promise.all(lenders.map(bytesPerTokenOf))).flat()};
}

/** Answers are of different lengths: whenever one is over, the next one joins the others. */
async function askChats(
  chats: readonly ReferenceChat[],
  {
    clients,
    maxNewTokens,
    begins = [],
    atOnce,
  }: {
    readonly clients: readonly Tab[];
    readonly maxNewTokens: number;
    /** How many tokens of all there must be before each is asked. */
    readonly begins?: readonly number[];
    readonly atOnce: number;
  },
): Promise<readonly AnsweredChat[]> {
  const answered: AnsweredChat[] = [];
  const begun = begins.map(() => Promise.withResolvers<void>());
  let shown = 0;
  const beginDue = (): void => {
    for (const [at, tokens] of begins.entries()) if (shown >= tokens) begun[at]?.resolve();
  };
  beginDue();
  await forEachAtOnce([...chats.entries()], atOnce, async ([i, chat]) => {
    await begun[i]?.promise;
    const client = clients[i % clients.length];
    if (client === undefined) throw new Error('Broken invariant: there are clients');
    const prompt = {kind: 'messages', messages: chat.messages} as const;
    let answer = NO_ANSWER;
    await client.ask(greedyRequest('', {prompt, maxNewTokens, topLogprobs: 20}), {
      onEvent: (event) => {
        answer = extendAnswer(answer, event);
        if (event.kind !== 'token') return;
        shown += 1;
        beginDue();
      },
    });
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
