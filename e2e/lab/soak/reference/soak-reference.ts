import {isDeepStrictEqual} from 'node:util';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {answerReference, type AnsweredChat} from '../../../reference/answer-reference.ts';
import {CLOSE_MARGIN, firstDifference} from '../../../reference/first-difference.ts';
import {REFERENCE_CHATS} from '../../../reference/reference-chats.ts';
import {startReferenceSwarm} from '../../../reference/reference-swarm.ts';
import {prepareModel, type PreparedModel} from '../../../tools/machine/model-file/prepare-model.ts';
import type {Soak} from '../soak.ts';
import {log} from '../../../swarm/test-log.ts';

/** No answer of the reference is longer. */
const LONGEST_TOKENS = Math.max(...REFERENCE_CHATS.map(({exact_f32}) => exact_f32.ids.length));

/**
 * Every chat of the reference over three tabs and over one, with the real model: never another bit, and the
 * tokens of float32 unless two are almost equal.
 */
export const soakReference: Soak = async (_, {signal}) => {
  const model = await prepareModel({log, signal});
  const three = await answersOf(model, 3);
  signal.throwIfAborted();
  const one = await answersOf(model, 1);
  const differ = three.filter((answered, i) => !isSame(answered, one[i]));
  const wrong = three.filter(isWrong);
  const misrouted = [
    ...three.filter(({answer}) => answer.chains.at(-1)?.length !== 3),
    ...one.filter(({answer}) => answer.chains.at(-1)?.length !== 1),
  ];
  return {
    checks: [
      atMost('chats that other tabs served than those of their swarm', misrouted.length, 0),
      atMost('chats of which three tabs say another bit than one', differ.length, 0),
      atMost('chats with other tokens than float32 where it is sure', wrong.length, 0),
    ],
    figures: {chats: three.length, differ: differ.map(({chat}) => chat.id)},
  };
};

async function answersOf(model: PreparedModel, tabCount: number): Promise<readonly AnsweredChat[]> {
  const swarm = await startReferenceSwarm(model, {tabCount, log});
  try {
    return (await answerReference(swarm, REFERENCE_CHATS, {maxNewTokens: LONGEST_TOKENS})).answered;
  } finally {
    await swarm.stop();
  }
}

function isSame(one: AnsweredChat, other: AnsweredChat | undefined): boolean {
  return other !== undefined && isDeepStrictEqual(bitsOf(one), bitsOf(other));
}

function isWrong(answered: AnsweredChat): boolean {
  const {chat, answer} = answered;
  const margin = firstDifference(answered)?.margin ?? 0;
  return answer.promptTokenIds.join() !== chat.prompt_ids.join() || margin >= CLOSE_MARGIN;
}

/** Twenty log-probabilities for each token, exactly: a single other bit in a hidden state shows here. */
function bitsOf({answer: {promptTokenIds, tokenIds, topLogprobs}}: AnsweredChat) {
  return {promptTokenIds, tokenIds, topLogprobs};
}
