import type {ENGLISH_ANSWER} from './answer-strings.ts';
import type {ENGLISH_CONVERSATION} from './conversation-strings.ts';

/** All that a conversation says by itself, in one language. */
export type ChatStrings = Readonly<
  Record<keyof typeof ENGLISH_CONVERSATION | keyof typeof ENGLISH_ANSWER, string>
> & {
  /** BCP 47 tag of the language. */
  readonly lang: string;
  /** Sentences for failures by their code. */
  readonly failures: Readonly<Record<string, string>>;
};

/** What is not in it is in English. */
export type OwnStrings = Partial<ChatStrings>;
