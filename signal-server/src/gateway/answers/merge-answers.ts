/**
 * What several generators give, in the order in which it comes. Each is asked for more once its last was
 * taken, so that none runs ahead of the reader.
 *
 * @param abort is used when the reader stops or one of them fails: it must end the wait of all others.
 */
export async function* mergeAnswers<T>(
  generators: readonly AsyncGenerator<T, void, undefined>[],
  abort: AbortController,
): AsyncGenerator<{readonly index: number; readonly value: T}, void, undefined> {
  const next = async (index: number, generator: AsyncGenerator<T, void, undefined>) => ({
    index,
    generator,
    result: await generator.next(),
  });
  const pending = new Map(generators.map((generator, index) => [index, next(index, generator)]));
  try {
    while (pending.size > 0) {
      const {index, generator, result} = await Promise.race(pending.values());
      pending.delete(index);
      if (result.done === true) continue;
      yield {index, value: result.value};
      // Behind the others, which have their turn before it.
      pending.set(index, next(index, generator));
    }
  } finally {
    abort.abort();
    await Promise.allSettled(generators.map((generator) => generator.return()));
    await Promise.allSettled(pending.values());
  }
}
