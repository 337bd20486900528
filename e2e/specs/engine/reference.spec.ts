import {readFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {expect, test} from '@playwright/test';
import * as z from 'zod';
import {prepareModel, type PreparedModel} from '../../tools/machine/model-file/prepare-model.ts';
import {NO_ANSWER, type Answer} from '../../swarm/answer.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {forEachAtOnce} from '../../swarm/for-each-at-once.ts';
import {Swarm} from '../../swarm/start-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import {log} from '../../swarm/test-log.ts';

const position = z.object({id: z.int(), margin: z.number()});
const referenceSchema = z.object({
  items: z.array(
    z.object({
      id: z.string(),
      messages: z.array(
        z.object({role: z.enum(['system', 'user', 'assistant']), content: z.string()}),
      ),
      prompt_ids: z.array(z.int()),
      exact_f32: z.object({ids: z.array(z.int()), text: z.string(), positions: z.array(position)}),
    }),
  ),
});
const reference = referenceSchema.parse(
  JSON.parse(
    readFileSync(
      fileURLToPath(new URL('../../reference/smollm2-greedy.json', import.meta.url)),
      'utf8',
    ),
  ),
);

/** f16 on the wire may turn a choice that float32 itself finds almost equal. */
const CLOSE_MARGIN = 0.05;
const LOAD_TIMEOUT_MS = 120_000;
const ANSWERS_AT_ONCE = 3;

/** Asks all the chats of the reference in a swarm of this many tabs. */
async function answerAll(model: PreparedModel, tabCount: number): Promise<readonly Answer[]> {
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  try {
    const cells = Math.ceil(model.grid.layerCount / model.grid.cutEvery);
    const maxLayers = Math.ceil(cells / tabCount) * model.grid.cutEvery;
    const request = {engine: 'wasm', capacity: {kind: 'layers', maxLayers}} as const;
    const tabs = await Promise.all(
      Array.from({length: tabCount}, () => swarm.openLendingTab(request, {model: model.id})),
    );
    for (const tab of tabs) await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
    const client = await swarm.openTab({model: model.id});
    return await askSideBySide(client);
  } finally {
    await swarm.stop();
  }
}

/** While one tab works on one answer, the next tab works on another: three tabs are busy at once. */
async function askSideBySide(client: Tab): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  const items = [...reference.items.entries()];
  await forEachAtOnce(items, ANSWERS_AT_ONCE, async ([i, {messages}]) => {
    const prompt = {kind: 'messages', messages} as const;
    answers[i] = await askForAnswer(client, greedyRequest('', {prompt, topLogprobs: 20}));
  });
  return answers;
}

type ReferenceItem = (typeof reference.items)[number];

/** Both swarms against each other (always the same bits) and against float32. Returns what differs from float32. */
function compare(item: ReferenceItem, threeTabs: Answer, oneTab: Answer): string | null {
  expect(threeTabs.promptTokenIds, item.id).toEqual(item.prompt_ids);
  expect(threeTabs.chains.at(-1)?.length, item.id).toBe(3);
  expect(oneTab.chains.at(-1)?.length, item.id).toBe(1);
  expect(oneTab.tokenIds, item.id).toEqual(threeTabs.tokenIds);
  // Twenty log-probabilities per token, exactly: a single other bit in a hidden state shows here.
  expect(oneTab.topLogprobs, item.id).toEqual(threeTabs.topLogprobs);
  const {ids, text, positions} = item.exact_f32;
  const first = ids.findIndex((id, at) => threeTabs.tokenIds[at] !== id);
  if (first === -1) {
    expect(threeTabs.tokenIds, item.id).toEqual(ids);
    expect(threeTabs.text, item.id).toBe(text);
    return null;
  }
  const margin = positions[first]?.margin ?? Number.POSITIVE_INFINITY;
  expect(margin, `${item.id} differs at token ${first}`).toBeLessThan(CLOSE_MARGIN);
  return `${item.id}: token ${first}, margin ${margin}`;
}

test('[RF1] every chat of the reference, over three tabs and over one: same prompts, same tokens, same bits', async () => {
  test.setTimeout(800_000);
  const model = await prepareModel({log});
  const three = await answerAll(model, 3);
  const one = await answerAll(model, 1);
  const differences = reference.items.map((item, i) =>
    compare(item, three[i] ?? NO_ANSWER, one[i] ?? NO_ANSWER),
  );
  const listed = differences.filter((difference) => difference !== null).join('; ');
  log(`Texts that differ from float32 where two tokens are almost equal: ${listed || 'none'}`);
});
