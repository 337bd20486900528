/** A matrix `[rows, columns]`, row major, or a vector of one row. */
export type Matrix = {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
};

export function multiply({values, rows, columns}: Matrix, input: Float64Array): Float64Array {
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    let sum = 0;
    for (let i = 0; i < columns; i += 1) sum += (values[row * columns + i] ?? 0) * (input[i] ?? 0);
    result[row] = sum;
  }
  return result;
}

export function add(a: Float64Array, b: Float64Array): Float64Array {
  return a.map((value, i) => value + (b[i] ?? 0));
}

export function dot(a: Float64Array, b: Float64Array): number {
  return a.reduce((sum, value, i) => sum + value * (b[i] ?? 0), 0);
}

export function softmax(scores: readonly number[]): readonly number[] {
  const most = scores.reduce((max, score) => Math.max(max, score), -Infinity);
  const powers = scores.map((score) => Math.exp(score - most));
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
}

export function silu(x: number): number {
  return x / (1 + Math.exp(-x));
}

export function geluTanh(x: number): number {
  return (x / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)));
}

/** Softly, so that nothing is beyond ±`cap`; 0 caps nothing. */
export function capped(x: number, cap: number): number {
  return cap === 0 ? x : cap * Math.tanh(x / cap);
}
