/**
 * What a command is to run: everything when nothing is named.
 *
 * @param what one of the things, for the sentence: "benchmark".
 * @throws {Error} when a name is unknown, with the names that are known.
 */
export function chooseNamed<T>(
  what: string,
  known: Readonly<Record<string, T>>,
  names: readonly string[],
): readonly T[] {
  if (names.length === 0) return Object.values(known);
  return names.map((name) => {
    const found = Object.hasOwn(known, name) ? known[name] : undefined;
    if (found !== undefined) return found;
    const all = Object.keys(known).join(', ');
    throw new Error(`There is no ${what} "${name}"; there are: ${all}`);
  });
}
