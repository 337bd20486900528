import type {ChatMessage} from '#shared/model/text/messages/chat-message.ts';
import type {ToolCallFormat} from '#shared/model/text/tools/tool-call-format.ts';
import type {RenderOptions} from '#shared/model/text/chat/chat-template.ts';

/** What a client needs of a model: chat or text to prompt, and ids to text. */
export interface Vocabulary {
  /** @throws {ChatTemplateError} when the template refuses these messages. */
  encodeChat(messages: readonly ChatMessage[], options: RenderOptions): Promise<readonly number[]>;
  /** How the model writes calls of tools; `null`: its template knows none, or writes them in a way that cannot be read. */
  toolCallFormat(): Promise<ToolCallFormat | null>;
  /** A text that goes on, without template: nothing in it steers the model. */
  encodeText(text: string): Promise<readonly number[]>;
  /**
   * UTF-8 bytes of one token, often a part of a character; none for control and end tokens.
   * @throws {UnknownTokenError} for an id that is not in the vocabulary.
   */
  tokenBytes(tokenId: number): Uint8Array<ArrayBuffer>;
}

/** How far what a client needs of a model is: bytes of its header, then parts of it that are built. */
export type VocabularyProgress = {
  readonly step: 'download' | 'build';
  readonly done: number;
  readonly total: number;
};

/**
 * Vocabulary and template in the header of a model file.
 *
 * @param onPart called when another of `VOCABULARY_PARTS` is there.
 */
export type BuildVocabulary = (
  header: Uint8Array<ArrayBuffer>,
  onPart?: (partsDone: number) => void,
) => Promise<Vocabulary>;

/** What is built of a vocabulary, one after the other: metadata, tokenizer, template, bytes of the tokens. */
export const VOCABULARY_PARTS = 4;
