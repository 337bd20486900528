/** A binary heap: the least element first. */
export class Heap<Element> {
  readonly #elements: Element[] = [];
  readonly #compare: (a: Element, b: Element) => number;

  constructor(compare: (a: Element, b: Element) => number) {
    this.#compare = compare;
  }

  push(element: Element): void {
    this.#elements.push(element);
    let at = this.#elements.length - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!this.#isLess(at, parent)) return;
      this.#swap(at, parent);
      at = parent;
    }
  }

  /** The least, or `undefined` when it is empty. */
  pop(): Element | undefined {
    const last = this.#elements.length - 1;
    if (last > 0) this.#swap(0, last);
    const least = this.#elements.pop();
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const child = this.#isLess(left + 1, left) ? left + 1 : left;
      if (!this.#isLess(child, at)) return least;
      this.#swap(at, child);
      at = child;
    }
  }

  #isLess(one: number, other: number): boolean {
    const [a, b] = [this.#elements[one], this.#elements[other]];
    return a !== undefined && b !== undefined && this.#compare(a, b) < 0;
  }

  #swap(one: number, other: number): void {
    const [a, b] = [this.#elements[one], this.#elements[other]];
    if (a === undefined || b === undefined) return;
    this.#elements[one] = b;
    this.#elements[other] = a;
  }
}
