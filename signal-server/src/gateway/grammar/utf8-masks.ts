import {bytesOfToken} from '#shared/client/vocabulary/token-table.ts';
import {addToken, emptyMask, type TokenMask} from '#shared/protocol/frame/token-mask.ts';
import type {GrammarTokens} from './grammar-messages.ts';
import {BETWEEN_CHARACTERS, UTF8_STATES, stepUtf8, type Utf8State} from './utf8-text.ts';

/**
 * The tokens that may come where an answer is to be text: the grammar library takes any run of bytes that begins as a
 * character does for one, of which a reader sees up to three question marks.
 */
export class Utf8Masks {
  readonly #tokens: GrammarTokens;
  /** Of each state. */
  readonly #masks: readonly TokenMask[];

  /** O(bytes of all tokens). */
  constructor(tokens: GrammarTokens) {
    this.#tokens = tokens;
    this.#masks = UTF8_STATES.map((state) => {
      const mask = emptyMask(tokens.table.ends.length);
      for (const tokenId of tokens.table.ends.keys()) {
        if (this.after(state, tokenId) !== null) addToken(mask, tokenId);
      }
      return mask;
    });
  }

  /** An answer that ends does so between two characters. */
  after(state: Utf8State, tokenId: number): Utf8State | null {
    const {table, endTokenIds} = this.#tokens;
    if (!endTokenIds.includes(tokenId)) return stepUtf8(state, bytesOfToken(table, tokenId));
    return state === BETWEEN_CHARACTERS ? state : null;
  }

  /** What is left of `mask` in this state. */
  within(mask: TokenMask, state: Utf8State): TokenMask {
    const own = this.#masks[state];
    return mask.map((word, at) => word & (own?.[at] ?? 0));
  }
}
