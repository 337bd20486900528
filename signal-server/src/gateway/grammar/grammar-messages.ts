import type {TokenTable} from '#shared/client/vocabulary/vocabulary-messages.ts';
import type {TokenMask} from '#shared/protocol/frame/token-mask.ts';
import type {RootSchema} from './schema/grammar-schema.ts';

/** What every token of an answer has to follow. */
export type AnswerGrammar =
  | {readonly kind: 'json'; readonly schema: RootSchema}
  /** Calls of tools. */
  | {
      readonly kind: 'calls';
      readonly calls: readonly CallForm[];
      /** What begins a call in a text that is free otherwise; `null`: the answer is one call, or some. */
      readonly trigger: string | null;
      /** Between two calls; `null`: there is one at most. */
      readonly separator: string | null;
    };

/** How a call of one tool is written: `begin`, its arguments, `end`. */
export type CallForm = {
  readonly name: string;
  readonly begin: string;
  readonly parameters: RootSchema;
  readonly end: string;
};

/** Of one model: what its tokens write, and which of them end an answer. */
export type GrammarTokens = {readonly table: TokenTable; readonly endTokenIds: readonly number[]};

/** To the thread: tokens once, a grammar, and then what its answers ask. */
export type GrammarRequest =
  | {readonly kind: 'open'; readonly tokens: GrammarTokens}
  /** In place of the one before, whose answers are over. */
  | {readonly kind: 'compile'; readonly grammar: AnswerGrammar}
  /** Which tokens may come in this answer after `tokenIds`, those that came since it asked last. */
  | {readonly kind: 'allowed'; readonly answerId: number; readonly tokenIds: readonly number[]};

export type GrammarReply =
  | {readonly kind: 'done'}
  | {readonly kind: 'allowed'; readonly mask: TokenMask}
  /** The library does not take this grammar. */
  | {readonly kind: 'refused'}
  | {readonly kind: 'failed'; readonly reason: string};
