import {WeftError} from '#shared/errors.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {createChatTemplate, type ChatTemplate} from '#shared/model/text/chat-template.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {createTokenizer, type Tokenizer} from '#shared/model/text/tokenizer.ts';
import type {OfferedModel} from './load-manifest.ts';
import {sha256Hex} from './sha256.ts';

/** What a client needs of a model: text to ids and back, chat to prompt. */
export type Vocabulary = {readonly tokenizer: Tokenizer; readonly template: ChatTemplate};

/**
 * Reads the header of the model file, and no weights; checked against the manifest.
 *
 * @throws {WeftError} `HEADER_ALTERED` or `WEIGHTS_UNREACHABLE`.
 */
export async function loadVocabulary(
  {manifest, weightsUrl}: OfferedModel,
  {signal}: {readonly signal: AbortSignal},
): Promise<Vocabulary> {
  const {byteLength, sha256: expected} = manifest.header;
  const headers = {range: `bytes=0-${byteLength - 1}`};
  const response = await fetch(weightsUrl, {signal, headers});
  if (response.status !== 206) {
    throw new WeftError(
      {code: 'WEIGHTS_UNREACHABLE', status: response.status},
      `Cannot read the header of "${manifest.id}": the server answered ${response.status} to a range request`,
    );
  }
  const bytes = new Uint8Array(await response.arrayBuffer());
  const got = await sha256Hex(bytes);
  if (got !== expected) {
    throw new WeftError(
      {code: 'HEADER_ALTERED', expected, got},
      `The header of "${manifest.id}" was altered on its way: expected ${expected}, got ${got}; reload the page`,
    );
  }
  const {metadata} = await parseGguf(memoryByteSource(bytes));
  return {tokenizer: createTokenizer(metadata), template: createChatTemplate(metadata)};
}
