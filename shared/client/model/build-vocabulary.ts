import {memoryByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {createChatTemplate} from '#shared/model/text/chat/chat-template.ts';
import {encodeChat, encodeText} from '#shared/model/text/chat/encode-chat.ts';
import {readToolCallFormat} from '#shared/model/text/tools/tool-call-format.ts';
import {createTokenizer} from '#shared/model/text/tokenizer.ts';
import type {Vocabulary} from './vocabulary.ts';

/**
 * On this thread: some 300,000 tokens and merges block it for a second.
 *
 * @throws {TextUnsupportedError}, {ModelUnreadableError} and {ChatTemplateError} for what nobody can chat with.
 */
export async function buildVocabulary(
  header: Uint8Array<ArrayBuffer>,
  onPart: (partsDone: number) => void = () => undefined,
): Promise<Vocabulary & {readonly vocabularySize: number}> {
  const {metadata} = await parseGguf(memoryByteSource(header));
  onPart(1);
  const tokenizer = createTokenizer(metadata);
  onPart(2);
  const template = createChatTemplate(metadata);
  onPart(3);
  return {
    vocabularySize: tokenizer.vocabularySize,
    encodeChat: async (messages, options) =>
      encodeChat({tokenizer, template, messages, ...options}),
    toolCallFormat: async () => readToolCallFormat(template),
    encodeText: async (text) => encodeText(tokenizer, text),
    tokenBytes: (tokenId) => tokenizer.tokenBytes(tokenId),
  };
}
