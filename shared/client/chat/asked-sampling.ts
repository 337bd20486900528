/** What anybody may ask of a swarm from outside, by whichever way: what a session takes is narrower. */
export const ASKED_BOUNDS = {
  /** No context holds as many: each takes some tokens besides its text. */
  mostMessages: 2_048,
  /** Of a request over HTTP: a context of some thousand tokens is a tenth of it. */
  mostBodyBytes: 1024 * 1024,
  temperature: {least: 0, most: 2},
  topP: {least: 0, most: 1},
} as const;

/** A probability of 0 leaves the likeliest token, as does any that is less than its own. */
export function topPOf(asked: number): number {
  return Math.max(Number.EPSILON, asked);
}

/** The seed of a session has 32 bits. @param asked any whole number that is exact. */
export function seedOf(asked: number): number {
  return Number(BigInt.asUintN(32, BigInt(asked)));
}
