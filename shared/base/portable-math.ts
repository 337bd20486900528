/*
 * Elementary functions that give the same bits in every browser.
 *
 * IEEE 754 fixes + − × ÷ √, and JavaScript never fuses them; `Math.log`,
 * `Math.exp`, `Math.sin` and `Math.cos` are left to the implementation. Whatever
 * must agree between tabs (a sampled token, a rotary table) is made of these.
 */

// ln 2 in two parts: the product of the first with any exponent is exact.
const LN2_HI = 6.93147180369123816e-1;
const LN2_LO = 1.9082149292705877e-10;
// π/2 in two parts: the product of the first with a count below 2^20 is exact.
const HALF_PI_HI = 1.57079632673412561;
const HALF_PI_LO = 6.07710050650619225e-11;
const SQRT2 = 1.4142135623730951;
const MIN_NORMAL = 2.2250738585072014e-308;
const TWO_POW_54 = 18014398509481984;
const HIGH_WORD = 1; // little endian, as every platform with a browser is

const number = new Float64Array(1);
const words = new Uint32Array(number.buffer);

/** Natural logarithm of a positive finite number, within 2 ulp of the exact value. */
export function portableLog(x: number): number {
  if (!(x > 0) || x === Infinity) throw new RangeError(`No logarithm of ${x}`);
  if (x < MIN_NORMAL) return portableLog(x * TWO_POW_54) - 54 * LN2_HI - 54 * LN2_LO;
  number[0] = x;
  const high = words[HIGH_WORD] ?? 0;
  let exponent = (high >>> 20) - 1023;
  words[HIGH_WORD] = (high & 0xfffff) | 0x3ff00000;
  let mantissa = number[0] ?? 1;
  if (mantissa > SQRT2) {
    mantissa /= 2;
    exponent += 1;
  }
  // ln m = 2 artanh s, s = (m − 1) / (m + 1), |s| ≤ 0.1716
  const s = (mantissa - 1) / (mantissa + 1);
  const z = s * s;
  let series = 0;
  for (let k = 21; k >= 3; k -= 2) series = (series + 1 / k) * z;
  return exponent * LN2_HI + (2 * s + (2 * s * series + exponent * LN2_LO));
}

/** 2^n for −1074 ≤ n ≤ 1023. */
function powerOfTwo(n: number): number {
  if (n < -1022) return powerOfTwo(n + 54) / TWO_POW_54;
  words[0] = 0;
  words[HIGH_WORD] = (n + 1023) << 20;
  return number[0] ?? 1;
}

/** e^x for any number, within 2 ulp where the result is a normal number. */
export function portableExp(x: number): number {
  if (x > 709) return x < 709.78 ? portableExp(x - 1) * Math.E : Infinity;
  if (x < -745.2) return 0;
  const n = Math.floor(x / (LN2_HI + LN2_LO) + 0.5);
  const r = x - n * LN2_HI - n * LN2_LO;
  let series = 1;
  for (let k = 14; k >= 1; k -= 1) series = 1 + (series * r) / k;
  return series * powerOfTwo(n);
}

/** Sine and cosine of an angle in `[0, 10^6]` radians, absolute error below 1e-15 · (1 + angle / 1000). */
export function portableSinCos(angle: number): {readonly sin: number; readonly cos: number} {
  const quarter = Math.floor(angle / (HALF_PI_HI + HALF_PI_LO) + 0.5);
  const r = angle - quarter * HALF_PI_HI - quarter * HALF_PI_LO;
  const z = r * r;
  let sin = 1;
  for (let k = 16; k >= 2; k -= 2) sin = 1 - (sin * z) / (k * (k + 1));
  sin *= r;
  let cos = 1;
  for (let k = 17; k >= 1; k -= 2) cos = 1 - (cos * z) / (k * (k + 1));
  switch (quarter & 3) {
    case 0:
      return {sin, cos};
    case 1:
      return {sin: cos, cos: -sin};
    case 2:
      return {sin: -sin, cos: -cos};
    default:
      return {sin: -cos, cos: sin};
  }
}
