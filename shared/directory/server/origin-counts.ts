/** Which names came from whom, oldest first. */
export class OriginCounts {
  readonly #names = new Map<string, Set<string>>();

  add(origin: string, name: string): void {
    const names = this.#names.get(origin) ?? new Set();
    this.#names.set(origin, names.add(name));
  }

  remove(origin: string, name: string): void {
    const names = this.#names.get(origin);
    names?.delete(name);
    if (names?.size === 0) this.#names.delete(origin);
  }

  of(origin: string): readonly string[] {
    return [...(this.#names.get(origin) ?? [])];
  }

  countOf(origin: string): number {
    return this.#names.get(origin)?.size ?? 0;
  }

  /** The origin with the most names; O(origins + names of that one). */
  fullest(): {readonly count: number; readonly newest: string} | null {
    let most: ReadonlySet<string> = new Set();
    for (const names of this.#names.values()) if (names.size > most.size) most = names;
    const newest = [...most].at(-1);
    return newest === undefined ? null : {count: most.size, newest};
  }
}
