import type {TextLength} from './text-length.ts';

/**
 * Characters in a row that have rules of their own. The library looks through all tokens of a vocabulary for each such
 * rule when it makes a grammar; and for a token that goes beyond the last one when an answer is there.
 */
const BLOCK = 32;
/** As JSON writes characters. The library's own lengths let control characters through. */
const PLAIN = String.raw`[^"\\\x00-\x1f]`;
const ESCAPED = String.raw`"\\" ["\\/bfnrt]`;

/** Rules, in EBNF, of texts of so many characters: those of all lengths share what one block has. */
export class TextRules {
  readonly #bodies = new Map<string, string>();

  /** The rule of such a text, with its quotes. */
  nameOf({least, most}: TextLength): string {
    const rest = most === null ? this.#any() : this.#upTo(most - least);
    const body = ['"\\""', ...this.#exactly(least), rest, '"\\""'].join(' ');
    return this.#define(`text_${least}_to_${most ?? 'any'}`, () => body);
  }

  get lines(): readonly string[] {
    return [...this.#bodies].map(([name, body]) => `${name} ::= ${body}`);
  }

  #exactly(count: number): readonly string[] {
    const blocks = Array.from({length: Math.floor(count / BLOCK)}, () => this.#block(BLOCK));
    return count % BLOCK === 0 ? blocks : [...blocks, this.#block(count % BLOCK)];
  }

  /** @param count from 1 to a block. */
  #block(count: number): string {
    return this.#define(`text_all_${count}`, () =>
      count === 1 ? `${PLAIN} | ${ESCAPED}` : oneBefore(this.#block(count - 1)),
    );
  }

  #upTo(count: number): string {
    return this.#define(`text_up_to_${count}`, () => {
      if (count === 0) return '""';
      if (count < BLOCK) return `"" | ${oneBefore(this.#upTo(count - 1))}`;
      return `${this.#upTo(BLOCK - 1)} | ${this.#block(BLOCK)} ${this.#upTo(count - BLOCK)}`;
    });
  }

  #any(): string {
    const name = 'text_any';
    return this.#define(name, () => `"" | ${oneBefore(name)}`);
  }

  #define(name: string, write: () => string): string {
    if (!this.#bodies.has(name)) this.#bodies.set(name, write());
    return name;
  }
}

function oneBefore(rule: string): string {
  return `${PLAIN} ${rule} | ${ESCAPED} ${rule}`;
}
