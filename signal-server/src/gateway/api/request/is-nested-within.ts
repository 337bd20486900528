/** Whether a value of JSON has no more than so many values in each other. O(its size), without recursion. */
export function isNestedWithin(value: unknown, levels: number): boolean {
  let inner: readonly object[] = objectsOf([value]);
  for (let level = 0; level < levels; level += 1) {
    if (inner.length === 0) return true;
    inner = inner.flatMap((each) => objectsOf(Object.values(each)));
  }
  return inner.length === 0;
}

function objectsOf(values: readonly unknown[]): readonly object[] {
  return values.filter((value) => typeof value === 'object' && value !== null);
}
