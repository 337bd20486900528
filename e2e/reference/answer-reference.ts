import type {Answer} from '../swarm/answer.ts';
import {askForAnswer, greedyRequest} from '../swarm/ask.ts';
import {forEachAtOnce} from '../swarm/for-each-at-once.ts';
import {Swarm} from '../swarm/start-swarm.ts';
import type {Tab} from '../swarm/tab.ts';
import type {PreparedModel} from '../tools/machine/model-file/prepare-model.ts';
import {REFERENCE_CHATS, type ReferenceChat} from './reference-chats.ts';

const LOAD_TIMEOUT_MS = 120_000;
/** As many as an engine runs as one. */
const ANSWERS_AT_ONCE = 8;
const CLIENTS = 2;
const ASKED_ALONE = 3;

/** A chat of the reference, and the answer of a swarm to it. */
export type AnsweredChat = {readonly chat: ReferenceChat; readonly answer: Answer};

type AnsweredReference = {
  /** Eight at once. */
  readonly answered: readonly AnsweredChat[];
  /** The first of them again, one after the other. */
  readonly alone: readonly AnsweredChat[];
  /** What a hop sent to the next for a decoded token: one value for each of its sessions. */
  readonly bytesPerToken: readonly number[];
};

/** Two clients ask all the chats of the reference in a swarm of this many tabs; each holds the same share of the real model. */
export async function answerReference(
  model: PreparedModel,
  {tabCount, log}: {readonly tabCount: number; readonly log: (line: string) => void},
): Promise<AnsweredReference> {
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  try {
    const cells = Math.ceil(model.grid.layerCount / model.grid.cutEvery);
    const maxLayers = Math.ceil(cells / tabCount) * model.grid.cutEvery;
    const request = {engine: 'wasm', capacity: {kind: 'layers', maxLayers}} as const;
    const opened = Array.from({length: tabCount}, () =>
      swarm.openLendingTab(request, {model: model.id}),
    );
    const tabs = await Promise.all(opened);
    for (const tab of tabs) await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
    const clients = Array.from({length: CLIENTS}, () => swarm.openTab({model: model.id}));
    const answered = await askChats(await Promise.all(clients), REFERENCE_CHATS, ANSWERS_AT_ONCE);
    const again = REFERENCE_CHATS.slice(0, ASKED_ALONE);
    const alone = await askChats(await Promise.all(clients), again, 1);
    return {answered, alone, bytesPerToken: (await Promise.all(tabs.map(bytesPerTokenOf))).flat()};
  } finally {
    await swarm.stop();
  }
}

/** Answers are of different lengths: whenever one is over, the next one joins the others. */
async function askChats(
  clients: readonly Tab[],
  chats: readonly ReferenceChat[],
  atOnce: number,
): Promise<readonly AnsweredChat[]> {
  const answered: AnsweredChat[] = [];
  const numbered = [...chats.entries()];
  await forEachAtOnce(numbered, atOnce, async ([i, chat]) => {
    const client = clients[i % CLIENTS];
    if (client === undefined) throw new Error('Broken invariant: there are clients');
    const prompt = {kind: 'messages', messages: chat.messages} as const;
    const answer = await askForAnswer(client, greedyRequest('', {prompt, topLogprobs: 20}));
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
