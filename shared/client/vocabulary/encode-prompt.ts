import type {Vocabulary} from '../model/vocabulary.ts';
import type {Encodable} from './vocabulary-messages.ts';

/** @throws {ChatTemplateError} when the template refuses these messages. */
export async function encodePrompt(
  vocabulary: Pick<Vocabulary, 'encodeChat' | 'encodeText'>,
  prompt: Encodable,
): Promise<readonly number[]> {
  return prompt.kind === 'chat'
    ? vocabulary.encodeChat(prompt.messages, prompt.options)
    : vocabulary.encodeText(prompt.text);
}
