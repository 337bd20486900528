/** Largest finite f16. */
const F16_MAX = 65504;
/** From here on, rounding to nearest gives Infinity. */
const F16_OVERFLOW = 65520;
const F16_MIN_NORMAL = 2 ** -14;

const float = new Float32Array(1);
const word = new Uint32Array(float.buffer);

function decode(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : Number.NaN;
  return sign * (1024 + fraction) * 2 ** (exponent - 25);
}

const decoded = Float32Array.from({length: 65536}, (_, bits) => decode(bits));

/** The value of 16 bits of IEEE 754 binary16. */
export function decodeF16(bits: number): number {
  return decoded[bits] ?? Number.NaN;
}

/** The nearest binary16 of an f32 value, ties to even; Infinity beyond the range, as IEEE 754 has it. */
export function encodeF16(value: number): number {
  float[0] = value;
  const bits = word[0] ?? 0;
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return sign | 0x7e00;
  const absolute = Math.abs(value);
  if (absolute >= F16_OVERFLOW) return sign | 0x7c00;
  if (absolute >= F16_MIN_NORMAL) {
    const rounded = magnitude + 0xfff + ((magnitude >>> 13) & 1);
    return sign | ((rounded >>> 13) - (112 << 10));
  }
  // Below the normal range f16 steps by 2^-24; in [0.5, 1) so does f32, and adding rounds to nearest even.
  float[0] = absolute + 0.5;
  return sign | ((word[0] ?? 0) & 0x7fffff);
}

/**
 * What the wire keeps of one value of a hidden state: the nearest f16, or the
 * f32 itself where f16 has no finite number for it.
 *
 * Decided value by value and idempotent, so the result does not depend on how
 * a prompt was cut into frames or a range into tabs.
 */
export function roundToWire(value: number): number {
  return Math.abs(value) < F16_OVERFLOW ? decodeF16(encodeF16(value)) : value;
}

/** Whether `roundToWire(value)` is an f16. */
export function fitsF16(value: number): boolean {
  return Math.abs(value) <= F16_MAX;
}
