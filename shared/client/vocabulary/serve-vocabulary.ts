import {ChatTemplateError} from '../../model/text/chat/chat-template-error.ts';
import {buildVocabulary} from '../model/build-vocabulary.ts';
import {encodePrompt} from './encode-prompt.ts';
import {tokenTableOf} from './token-table.ts';
import type {VocabularyReply, VocabularyRequest} from './vocabulary-messages.ts';

/**
 * What a vocabulary's thread does, in a browser and in a server: answers one request after the other.
 *
 * @param tell sends what comes before an answer.
 */
export function serveVocabulary(
  tell: (reply: VocabularyReply) => void,
): (request: VocabularyRequest) => Promise<VocabularyReply> {
  let building: ReturnType<typeof buildVocabulary> | null = null;
  const replyTo = async (request: VocabularyRequest): Promise<VocabularyReply> => {
    if (request.kind === 'build') {
      building = buildVocabulary(request.header, (partsDone) => {
        tell({kind: 'building', partsDone});
      });
      const vocabulary = await building;
      const toolCallFormat = await vocabulary.toolCallFormat();
      return {kind: 'built', table: tokenTableOf(vocabulary), toolCallFormat};
    }
    const {callId, prompt} = request;
    if (building === null) return {kind: 'failed'};
    try {
      const tokenIds = await encodePrompt(await building, prompt);
      return {kind: 'encoded', callId, tokenIds};
    } catch (error) {
      return error instanceof ChatTemplateError
        ? {kind: 'refused', callId, reason: error.detail.reason}
        : {kind: 'unencodable', callId, reason: String(error)};
    }
  };
  return async (request) => {
    try {
      return await replyTo(request);
    } catch {
      return {kind: 'failed'};
    }
  };
}
