import type {NumberRange} from '../numbers/number-range.ts';

const whole = (least: number, most: number, multipleOf = 1): NumberRange => ({
  decimals: 0,
  least,
  most,
  multipleOf,
});
const decimal = (decimals: number, least: number, most: number): NumberRange => ({
  decimals,
  least,
  most,
  multipleOf: 1,
});

/** With bounds of one digit and of many, on each side of zero, and where a digit more begins. */
export const NUMBER_RANGES: readonly NumberRange[] = [
  whole(0, 0),
  whole(0, 9),
  whole(0, 1_000),
  whole(1, 999),
  whole(-40, 125),
  whole(59, 116),
  whole(-1, 1),
  whole(-10, -1),
  whole(-1_005, -98),
  whole(1_900, 2_100),
  whole(999, 1_001),
  whole(12_345, 678_901),
  whole(0, 1e15),
  whole(-1e15, 1e15),
  whole(-1e15, -7),
  whole(0, 1_000, 5),
  whole(-300, 300, 7),
  whole(1, 1e15, 60),
  whole(100, 100, 25),
  decimal(1, 0, 10),
  decimal(2, 1, 3),
  decimal(2, -250, 1_999),
  decimal(3, -1, 1),
  decimal(6, 0, 1_000_000),
  decimal(6, -90_000_000, 90_000_000),
  decimal(6, 0, 1e21),
];

/** In units of a range, every number so near to its bounds and to zero, and where a digit more begins. */
export function unitsNear({least, most}: NumberRange, within: bigint): readonly bigint[] {
  const near = new Set<bigint>();
  const add = (middle: bigint, distance: bigint): void => {
    for (let units = middle - distance; units <= middle + distance; units += 1n) near.add(units);
  };
  for (const middle of [0, least, most]) add(BigInt(middle), within);
  for (let digits = 1; digits <= 22; digits += 1) {
    add(10n ** BigInt(digits), 2n);
    add(-(10n ** BigInt(digits)), 2n);
  }
  return [...near];
}

/** A number of so many units, with as many decimals as there are, and with as few as say the same. */
export function textsOf(units: bigint, decimals: number): readonly string[] {
  const sign = units < 0n ? '-' : '';
  const digits = String(units < 0n ? -units : units).padStart(decimals + 1, '0');
  const before = digits.slice(0, digits.length - decimals);
  const fraction = digits.slice(digits.length - decimals);
  const short = fraction.replace(/0+$/u, '');
  const texts = [fraction, short].map((part) => sign + before + (part === '' ? '' : `.${part}`));
  return [...new Set(texts)];
}

/** Whether a range has it. */
export function hasUnits({least, most, multipleOf}: NumberRange, units: bigint): boolean {
  return units >= BigInt(least) && units <= BigInt(most) && units % BigInt(multipleOf) === 0n;
}

/** Not as JSON writes a number, or not as an answer does. */
export const ODD_NUMBERS: readonly string[] = [
  '',
  '-',
  '-0',
  '-0.0',
  '00',
  '01',
  '-01',
  '+1',
  '1.',
  '.5',
  '-.5',
  '1e3',
  '1E0',
  '1,0',
  ' 1',
  '0x1',
  '1.2.3',
  '--1',
  'NaN',
];
