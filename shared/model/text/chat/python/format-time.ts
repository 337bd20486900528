const DAYS = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
];
/** How many letters a short name has. */
const SHORT = 3;
const HOURS_OF_HALF_A_DAY = 12;

type Directive = (time: Date) => string;

const digits = (number: number, length = 2) => String(number).padStart(length, '0');
const dayOf = (time: Date) => DAYS[time.getDay()] ?? '';
const monthOf = (time: Date) => MONTHS[time.getMonth()] ?? '';

/** Those of Python's `strftime` that name a part of a date or a time of day. */
const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ['a', (time) => dayOf(time).slice(0, SHORT)],
  ['A', dayOf],
  ['b', (time) => monthOf(time).slice(0, SHORT)],
  ['B', monthOf],
  ['d', (time) => digits(time.getDate())],
  ['e', (time) => String(time.getDate()).padStart(2)],
  ['m', (time) => digits(time.getMonth() + 1)],
  ['y', (time) => digits(time.getFullYear() % 100)],
  ['Y', (time) => String(time.getFullYear())],
  ['H', (time) => digits(time.getHours())],
  ['I', (time) => digits(time.getHours() % HOURS_OF_HALF_A_DAY || HOURS_OF_HALF_A_DAY)],
  ['M', (time) => digits(time.getMinutes())],
  ['S', (time) => digits(time.getSeconds())],
  ['p', (time) => (time.getHours() < HOURS_OF_HALF_A_DAY ? 'AM' : 'PM')],
  ['j', (time) => digits(dayOfYear(time), 3)],
  // Of a time without a zone, as templates get it.
  ['z', () => ''],
  ['Z', () => ''],
  ['%', () => '%'],
]);

/** Those that are short for several others. */
const COMPOSED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  R: '%H:%M',
  T: '%H:%M:%S',
  x: '%m/%d/%y',
  X: '%H:%M:%S',
};

const DAY_MS = 86_400_000;

function dayOfYear(time: Date): number {
  const year = time.getFullYear();
  return (Date.UTC(year, time.getMonth(), time.getDate()) - Date.UTC(year, 0, 0)) / DAY_MS;
}

/**
 * Python's `strftime`, in English and in the time zone of this machine: `%d %B %Y` → 27 July 2026.
 * `%-d` is without the zero in front. What it does not know stays as it is.
 */
export function formatTime(format: string, timeMs: number): string {
  const time = new Date(timeMs);
  const plain = format.replaceAll(
    /%([A-Za-z%])/gu,
    (whole, name: string) => COMPOSED[name] ?? whole,
  );
  return plain.replaceAll(/%(-?)([A-Za-z%])/gu, (whole, bare: string, name: string) => {
    const text = DIRECTIVES.get(name)?.(time) ?? whole;
    return bare === '' ? text : text.replace(/^[0 ](?=\d)/u, '');
  });
}
