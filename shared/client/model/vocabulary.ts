import type {ChatMessage, RenderOptions} from '#shared/model/text/chat/chat-template.ts';

/** What a client needs of a model: chat or text to prompt, and ids to text. */
export interface Vocabulary {
  /** @throws {ChatTemplateError} when the template refuses these messages. */
  encodeChat(messages: readonly ChatMessage[], options: RenderOptions): Promise<readonly number[]>;
  /** A text that goes on, without template: nothing in it steers the model. */
  encodeText(text: string): Promise<readonly number[]>;
  /**
   * UTF-8 bytes of one token, often a part of a character; none for control and end tokens.
   * @throws {UnknownTokenError} for an id that is not in the vocabulary.
   */
  tokenBytes(tokenId: number): Uint8Array<ArrayBuffer>;
}

/** Vocabulary and template in the header of a model file. */
export type BuildVocabulary = (header: Uint8Array<ArrayBuffer>) => Promise<Vocabulary>;
