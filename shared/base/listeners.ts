/** Whoever wants to hear of one kind of event; may come and go while the others are being called. */
export class Listeners<Heard extends readonly unknown[] = []> {
  readonly #all = new Set<(...heard: Heard) => unknown>();

  /** @returns ends it; a second call changes nothing. */
  add(listener: (...heard: Heard) => unknown): () => void {
    this.#all.add(listener);
    return () => void this.#all.delete(listener);
  }

  /** Calls all, in the order in which they came. */
  call(...heard: Heard): void {
    for (const listener of this.#all) listener(...heard);
  }

  /** Calls all at once and waits for each; the failure of one is its own affair. */
  async callAndWait(...heard: Heard): Promise<void> {
    await Promise.allSettled([...this.#all].map(async (listener) => listener(...heard)));
  }

  clear(): void {
    this.#all.clear();
  }
}
