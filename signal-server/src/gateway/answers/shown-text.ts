import {StopFinder} from './stop-finder.ts';
import type {ChosenToken, PlacedToken} from './text-tokens.ts';

export type ShownPart = {
  readonly text: string;
  readonly tokens: readonly ChosenToken[];
  readonly isStopped: boolean;
};

/** What is shown of the text of an answer. Tokens go out with their text: one that may belong to a stop is held back with it. */
export class ShownText {
  readonly #stops: StopFinder;
  #pending: PlacedToken[] = [];
  #shownCharacters = 0;

  constructor(stops: readonly string[]) {
    this.#stops = new StopFinder(stops);
  }

  push(piece: string, tokens: readonly PlacedToken[]): ShownPart {
    this.#pending.push(...tokens);
    const {text, isStopped} = this.#stops.push(piece);
    this.#shownCharacters += text.length;
    // Of a token that the stop cuts, the first part is shown.
    const shown = this.#take(({start, end}) =>
      isStopped ? start < this.#shownCharacters : end <= this.#shownCharacters,
    );
    return {text, tokens: shown, isStopped};
  }

  /** What was held back, when no text follows. */
  end(): ShownPart {
    const text = this.#stops.end();
    this.#shownCharacters += text.length;
    return {text, tokens: this.#take(() => true), isStopped: false};
  }

  #take(isShown: (placed: PlacedToken) => boolean): readonly ChosenToken[] {
    const count = this.#pending.findIndex((placed) => !isShown(placed));
    const taken = this.#pending.splice(0, count === -1 ? this.#pending.length : count);
    return taken.map(({token}) => token);
  }
}
