import {expect, test} from '@playwright/test';
import {answerReference, type AnsweredChat} from '../../reference/answer-reference.ts';
import {REFERENCE_CHATS} from '../../reference/reference-chats.ts';
import {prepareModel} from '../../tools/machine/model-file/prepare-model.ts';
import {log} from '../../swarm/test-log.ts';

const TAB_COUNT = 3;
/** f16 of 576 channels, and the header of a frame. */
const BYTES_PER_TOKEN = 2 * 576 + 28;
const LOGPROBS = 20;
/** f16 on the wire may turn a choice that float32 itself finds almost equal. */
const CLOSE_MARGIN = 0.05;

/** Against float32. Returns what differs where two tokens are almost equal; anything else fails. */
function compare({chat, answer}: AnsweredChat): string | null {
  expect(answer.promptTokenIds, chat.id).toEqual(chat.prompt_ids);
  expect(answer.chains.at(-1)?.length, chat.id).toBe(TAB_COUNT);
  const likeliest = answer.topLogprobs.map((top) => top[0]?.id);
  expect(likeliest, chat.id).toEqual(answer.tokenIds);
  for (const top of answer.topLogprobs) expect(top, chat.id).toHaveLength(LOGPROBS);
  const {ids, text, positions} = chat.exact_f32;
  const first = ids.findIndex((id, at) => answer.tokenIds[at] !== id);
  if (first === -1) {
    expect(answer.tokenIds, chat.id).toEqual(ids);
    expect(answer.text, chat.id).toBe(text);
    return null;
  }
  const margin = positions[first]?.margin ?? Number.POSITIVE_INFINITY;
  expect(margin, `${chat.id} differs at token ${first}`).toBeLessThan(CLOSE_MARGIN);
  return `${chat.id}: token ${first}, margin ${margin}`;
}

test('[RF1] [SW6] [TO1] every chat of the reference over three tabs, eight at once, for two clients: its prompt, the tokens of float32 unless two are almost equal, few bytes for each, and the very numbers that it has alone', async () => {
  test.setTimeout(800_000);
  const model = await prepareModel({log});
  const {answered, alone, bytesPerToken} = await answerReference(model, {tabCount: TAB_COUNT, log});
  expect(answered).toHaveLength(REFERENCE_CHATS.length);
  expect(new Set(bytesPerToken)).toEqual(new Set([BYTES_PER_TOKEN]));
  const differences = answered.map(compare).filter((difference) => difference !== null);
  for (const [at, {chat, answer}] of alone.entries()) {
    const together = answered[at]?.answer;
    expect(together?.tokenIds, chat.id).toEqual(answer.tokenIds);
    expect(together?.topLogprobs, chat.id).toEqual(answer.topLogprobs);
  }
  const listed = differences.join('; ') || 'none';
  log(`Texts that differ from float32 where two tokens are almost equal: ${listed}`);
});
