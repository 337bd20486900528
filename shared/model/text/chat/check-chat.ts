import type {GgufMetadata} from '../../gguf/gguf-file.ts';
import {ModelUnreadableError} from '../../model-unreadable-error.ts';
import {createChatTemplate} from './chat-template.ts';
import {ChatTemplateError} from './chat-template-error.ts';
import {encodeChat} from './encode-chat.ts';
import type {TextKind} from '../metadata/supported-text.ts';
import {TextUnsupportedError} from '../metadata/text-unsupported-error.ts';
import {createTokenizer} from '../tokenizer.ts';
import {readTokenizerMetadata} from '../metadata/tokenizer-metadata.ts';

const PROBE = 'Hello';
/** Any time does: what the template says of it is not looked at. */
const PROBE_MS = 0;

/**
 * Whether a client can chat with the model of this file: made where a model is offered, and not
 * left to the first question. Builds the tokenizer and renders one message; takes as long as that.
 *
 * @returns what a client can judge by, without the file.
 *
 * @throws {TextUnsupportedError} for whatever prevents turning text into tokens.
 */
export function checkChat(
  metadata: GgufMetadata,
  {
    endTokenIds,
    contextTokens,
  }: {readonly endTokenIds: readonly number[]; readonly contextTokens: number},
): TextKind {
  try {
    const tokenizer = createTokenizer(metadata);
    const template = createChatTemplate(metadata);
    if (endTokenIds.length === 0) {
      throw new TextUnsupportedError(
        'end tokens',
        'no token ends an answer; take a file with "tokenizer.ggml.eos_token_id"',
      );
    }
    const messages = [{role: 'user', content: PROBE}] as const;
    const isShown = template.render(messages, {nowMs: PROBE_MS}).includes(PROBE);
    const {length} = encodeChat({tokenizer, template, messages, nowMs: PROBE_MS});
    if (!isShown || length === 0) {
      throw new TextUnsupportedError('chat template', `it does not show the message "${PROBE}"`);
    }
    // One position at least is for the answer.
    if (length < contextTokens) return readTokenizerMetadata(metadata).textKind;
    throw new TextUnsupportedError(
      'context',
      `it has ${contextTokens} tokens, and a chat that says "${PROBE}" has ${length}; take a model with a longer one`,
    );
  } catch (error) {
    if (error instanceof TextUnsupportedError) throw error;
    if (error instanceof ChatTemplateError) {
      const reason = `${error.detail.reason}; take a file with a template that works`;
      throw new TextUnsupportedError('chat template', reason, {cause: error});
    }
    const reason = error instanceof ModelUnreadableError ? error.detail.reason : String(error);
    throw new TextUnsupportedError('vocabulary', reason, {cause: error});
  }
}
