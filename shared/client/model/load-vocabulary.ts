import {WeftError} from '#shared/base/errors.ts';
import {memoryByteSource} from '#shared/model/byte-source.ts';
import {createChatTemplate, type ChatTemplate} from '#shared/model/text/chat/chat-template.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import {createTokenizer, type Tokenizer} from '#shared/model/text/tokenizer.ts';
import {DownloadError} from '../download/download-error.ts';
import {downloadRange} from '../download/download-range.ts';
import type {Patience} from '../download/patience.ts';
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
  options: {readonly signal: AbortSignal; readonly patience?: Patience},
): Promise<Vocabulary> {
  const {byteLength, sha256: expected} = manifest.header;
  const bytes = await readHeader(weightsUrl, byteLength, options);
  const got = await sha256Hex(bytes);
  if (got !== expected) {
    throw new WeftError(
      {code: 'HEADER_ALTERED', expected, got},
      `The header of "${manifest.id}" was altered on its way: SHA-256 ${got.slice(0, 8)}… instead of ${expected.slice(0, 8)}…; reload the page, and tell whoever runs this site if that does not help`,
    );
  }
  const {metadata} = await parseGguf(memoryByteSource(bytes));
  return {tokenizer: createTokenizer(metadata), template: createChatTemplate(metadata)};
}

async function readHeader(
  url: string,
  byteLength: number,
  options: {readonly signal: AbortSignal; readonly patience?: Patience},
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    const whole = {url, startByte: 0, endByte: byteLength, onBytes: () => undefined};
    return await downloadRange({...whole, ...options});
  } catch (cause) {
    if (!(cause instanceof DownloadError)) throw cause;
    throw new WeftError({...cause.detail, code: 'WEIGHTS_UNREACHABLE'}, cause.message, {cause});
  }
}
