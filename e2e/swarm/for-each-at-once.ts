/** Does `act` with each item, in order, at most `atOnce` of them at the same time. */
export async function forEachAtOnce<T>(
  items: readonly T[],
  atOnce: number,
  act: (item: T) => Promise<void>,
): Promise<void> {
  // One iterator for all: each takes the next item that nobody has.
  const waiting = items.values();
  const actOneAfterAnother = async (): Promise<void> => {
    for (const item of waiting) await act(item);
  };
  await Promise.all(Array.from({length: atOnce}, actOneAfterAnother));
}
