import {buildVocabulary} from '#shared/client/model/build-vocabulary.ts';
import {ChatTemplateError} from '#shared/model/text/chat/chat-template-error.ts';
import {tokenTableOf} from './token-table.ts';
import type {VocabularyReply, VocabularyRequest} from './vocabulary-messages.ts';

type Built = ReturnType<typeof buildVocabulary>;
let building: Built | null = null;

addEventListener('message', ({data}: MessageEvent<VocabularyRequest>) => void answer(data));

async function answer(request: VocabularyRequest): Promise<void> {
  try {
    const reply = await replyTo(request);
    postMessage(reply);
  } catch {
    const failed: VocabularyReply = {kind: 'failed'};
    postMessage(failed);
  }
}

async function replyTo(request: VocabularyRequest): Promise<VocabularyReply> {
  if (request.kind === 'build') {
    building = buildVocabulary(request.header);
    return {kind: 'built', table: tokenTableOf(await building)};
  }
  const {callId, messages, options} = request;
  if (building === null) return {kind: 'failed'};
  try {
    const tokenIds = await (await building).encodeChat(messages, options);
    return {kind: 'encoded', callId, tokenIds};
  } catch (error) {
    if (!(error instanceof ChatTemplateError)) throw error;
    return {kind: 'refused', callId, reason: error.detail.reason};
  }
}
