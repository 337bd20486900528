/** A matrix `[rows, columns]`, row major, or a vector of one row. */
export type Matrix = {
  readonly values: Float32Array;
  readonly rows: number;
  readonly columns: number;
};

export function multiply({values, rows, columns}: Matrix, input: Float64Array): Float64Array {
  const result = new Float64Array(rows);
  for (let row = 0; row < rows; row += 1) {
    result[row] = sumOfProducts(values.subarray(row * columns, (row + 1) * columns), input);
  }
  return result;
}

/** In four sums, none of which waits for the one before: a third of the time. */
function sumOfProducts(a: Float32Array, b: Float64Array): number {
  let [first, second, third, fourth] = [0, 0, 0, 0];
  const whole = a.length - (a.length % 4);
  for (let i = 0; i < whole; i += 4) {
    first += productAt(a, b, i);
    second += productAt(a, b, i + 1);
    third += productAt(a, b, i + 2);
    fourth += productAt(a, b, i + 3);
  }
  for (let i = whole; i < a.length; i += 1) first += productAt(a, b, i);
  return first + second + third + fourth;
}

function productAt(a: Float32Array, b: Float64Array, i: number): number {
  return (a[i] ?? 0) * (b[i] ?? 0);
}

/** By the root of the mean square. */
export function norm(input: Float64Array, gains: Matrix, epsilon: number): Float64Array {
  const scale = Math.sqrt(dot(input, input) / input.length + epsilon);
  return input.map((value, i) => (value / scale) * (gains.values[i] ?? 0));
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
