import type {TokenLogprob} from '#shared/client/chat/chat-service.ts';

export type ChosenToken = {
  readonly id: number;
  readonly logprob: number;
  readonly top: readonly TokenLogprob[];
};

/** A token, and the characters that it writes of a text. One that completes no character writes none. */
export type PlacedToken = {
  readonly token: ChosenToken;
  readonly start: number;
  readonly end: number;
};

/** Which tokens of an answer write its text: calls are written by others. One that writes of both is of the text. */
export class TextTokens {
  /** By their characters in the whole answer. */
  #waiting: PlacedToken[] = [];
  #writtenCharacters = 0;
  #textCharacters = 0;

  /** @param length characters that it adds to the answer. */
  push(token: ChosenToken, length: number): void {
    const start = this.#writtenCharacters;
    this.skip(length);
    this.#waiting.push({token, start, end: start + length});
  }

  /** Characters that no token of the text writes. */
  skip(length: number): void {
    this.#writtenCharacters += length;
  }

  /**
   * The tokens of the next part of the text, by their characters in the text; what was before it is of calls.
   *
   * @param start where in the answer the part begins.
   */
  take(start: number, length: number): readonly PlacedToken[] {
    const end = start + length;
    const before = this.#textCharacters;
    this.#textCharacters += length;
    const begun = this.#waiting.filter((placed) => placed.start < end);
    this.#waiting = this.#waiting.filter((placed) => placed.start >= end);
    return begun
      .filter((placed) => placed.start >= start || placed.end > start)
      .map(({token, ...placed}) => ({
        token,
        start: before + Math.max(placed.start, start) - start,
        end: before + Math.min(placed.end, end) - start,
      }));
  }

  /** Those behind the last part, when nothing follows. */
  rest(): readonly ChosenToken[] {
    return this.#waiting.map(({token}) => token);
  }
}
