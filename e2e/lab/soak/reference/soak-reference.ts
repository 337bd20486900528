import {isDeepStrictEqual} from 'node:util';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {answerReference, type AnsweredChat} from '../../../reference/answer-reference.ts';
import {prepareModel} from '../../../tools/machine/model-file/prepare-model.ts';
import type {Soak} from '../soak.ts';
import {log} from '../../../swarm/test-log.ts';

/** Every chat of the reference over three tabs and over one, with the real model: never another bit. */
export const soakReference: Soak = async (_, {signal}) => {
  const model = await prepareModel({log, signal});
  const {answered: three} = await answerReference(model, {tabCount: 3, log});
  signal.throwIfAborted();
  const {answered: one} = await answerReference(model, {tabCount: 1, log});
  const differ = three.filter((answered, i) => !isSame(answered, one[i]));
  const misrouted = [
    ...three.filter(({answer}) => answer.chains.at(-1)?.length !== 3),
    ...one.filter(({answer}) => answer.chains.at(-1)?.length !== 1),
  ];
  return {
    checks: [
      atMost('chats that other tabs served than those of their swarm', misrouted.length, 0),
      atMost('chats of which three tabs say another bit than one', differ.length, 0),
    ],
    figures: {chats: three.length, differ: differ.map(({chat}) => chat.id)},
  };
};

function isSame(one: AnsweredChat, other: AnsweredChat | undefined): boolean {
  return other !== undefined && isDeepStrictEqual(bitsOf(one), bitsOf(other));
}

/** Twenty log-probabilities for each token, exactly: a single other bit in a hidden state shows here. */
function bitsOf({answer: {promptTokenIds, tokenIds, topLogprobs}}: AnsweredChat) {
  return {promptTokenIds, tokenIds, topLogprobs};
}
