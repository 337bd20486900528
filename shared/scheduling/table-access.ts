// One reader per array type keeps every call site monomorphic, and the inner
// loops of both phases free of undefined checks; past the end is 0.

export function realAt(values: Float64Array, index: number): number {
  return values[index] ?? 0;
}

export function intAt(values: Int32Array, index: number): number {
  return values[index] ?? 0;
}
