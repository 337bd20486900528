import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {type ChatMessage, createChatTemplate} from '#shared/model/text/chat/chat-template.ts';
import {encodeChat} from '#shared/model/text/chat/encode-chat.ts';
import {createTokenizer} from '#shared/model/text/tokenizer.ts';

/** What a client needs of a model: chat to prompt, and ids to text. */
export interface Vocabulary {
  /** @throws {ChatTemplateError} when the template refuses these messages. */
  encodeChat(
    messages: readonly ChatMessage[],
    options: {readonly nowMs: number},
  ): Promise<readonly number[]>;
  /**
   * UTF-8 bytes of one token, often a part of a character; none for control and end tokens.
   * @throws {UnknownTokenError} for an id that is not in the vocabulary.
   */
  tokenBytes(tokenId: number): Uint8Array<ArrayBuffer>;
}

/** Vocabulary and template in the header of a model file. */
export type BuildVocabulary = (header: Uint8Array<ArrayBuffer>) => Promise<Vocabulary>;

/**
 * On this thread: some 300,000 tokens and merges block it for a second.
 *
 * @throws {TextUnsupportedError}, {ModelUnreadableError} and {ChatTemplateError} for what nobody can chat with.
 */
export const buildVocabulary = async (
  header: Uint8Array<ArrayBuffer>,
): Promise<Vocabulary & {readonly vocabularySize: number}> => {
  const {metadata} = await parseGguf(memoryByteSource(header));
  const tokenizer = createTokenizer(metadata);
  const template = createChatTemplate(metadata);
  return {
    vocabularySize: tokenizer.vocabularySize,
    encodeChat: async (messages, {nowMs}) => encodeChat({tokenizer, template, messages, nowMs}),
    tokenBytes: (tokenId) => tokenizer.tokenBytes(tokenId),
  };
};
