import type {ChatMessage} from '../../model/text/messages/chat-message.ts';
import type {ToolCallFormat} from '../../model/text/tools/tool-call-format.ts';
import type {RenderOptions} from '../../model/text/chat/chat-template.ts';

/** What becomes the ids of a prompt. */
export type Encodable =
  | {
      readonly kind: 'chat';
      readonly messages: readonly ChatMessage[];
      readonly options: RenderOptions;
    }
  | {readonly kind: 'text'; readonly text: string};

/** To the thread: the header of a model file once, then prompts. */
export type VocabularyRequest =
  | {readonly kind: 'build'; readonly header: Uint8Array<ArrayBuffer>}
  | {readonly kind: 'encode'; readonly callId: number; readonly prompt: Encodable};

/** The bytes of all tokens, one after the other. */
export type TokenTable = {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the bytes of each token end. */
  readonly ends: Uint32Array<ArrayBuffer>;
};

/** From the thread. What it cannot build, the owner's thread builds again, and fails in its own words. */
export type VocabularyReply =
  | {readonly kind: 'building'; readonly partsDone: number}
  | {
      readonly kind: 'built';
      readonly table: TokenTable;
      readonly toolCallFormat: ToolCallFormat | null;
    }
  | {readonly kind: 'encoded'; readonly callId: number; readonly tokenIds: readonly number[]}
  | {readonly kind: 'refused'; readonly callId: number; readonly reason: string}
  /** Nobody can: it is no template's word, and no reason to give up the thread. */
  | {readonly kind: 'unencodable'; readonly callId: number; readonly reason: string}
  | {readonly kind: 'failed'};
