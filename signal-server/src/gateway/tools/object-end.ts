/** Finds where an object ends in JSON that comes in pieces. */
export class ObjectEnd {
  #depth = 0;
  #isInText = false;
  #isEscaped = false;

  /** @returns how many characters of the piece belong to the object, when it ends in it; else `null`. */
  push(piece: string): number | null {
    for (let at = 0; at < piece.length; at += 1) {
      this.#take(piece.charAt(at));
      if (this.#depth === 0) return at + 1;
    }
    return null;
  }

  #take(character: string): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isInText) {
      this.#isInText = character !== '"';
      this.#isEscaped = character === '\\';
    } else if (character === '"') this.#isInText = true;
    else if (character === '{' || character === '[') this.#depth += 1;
    else if (character === '}' || character === ']') this.#depth -= 1;
  }
}
