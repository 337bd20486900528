/**
 * The value of an option that counts something.
 *
 * @throws {Error} when it is no whole number from `least` on.
 */
export function wholeNumber(option: string, text: string, least: number): number {
  const value = Number(text);
  if (text.trim() !== '' && Number.isSafeInteger(value) && value >= least) return value;
  throw new Error(`--${option} must be a whole number from ${least}, and is "${text}"`);
}
