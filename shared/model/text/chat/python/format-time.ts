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
  ['C', (time) => digits(Math.floor(time.getFullYear() / 100))],
  ['f', (time) => digits(time.getMilliseconds() * 1000, 6)],
  ['k', (time) => String(time.getHours()).padStart(2)],
  ['l', (time) => String(time.getHours() % HOURS_OF_HALF_A_DAY || HOURS_OF_HALF_A_DAY).padStart(2)],
  ['P', (time) => (time.getHours() < HOURS_OF_HALF_A_DAY ? 'am' : 'pm')],
  ['s', (time) => String(Math.floor(time.getTime() / 1000))],
  ['u', (time) => String(mondayBased(time) + 1)],
  ['w', (time) => String(time.getDay())],
  // Weeks that begin with the first Sunday, with the first Monday, and with the Monday before the first Thursday.
  ['U', (time) => digits(weekOfYear(time, time.getDay()))],
  ['W', (time) => digits(weekOfYear(time, mondayBased(time)))],
  ['V', (time) => digits(weekOfYear(thursdayOf(time), 0))],
  ['G', (time) => String(thursdayOf(time).getFullYear())],
  ['g', (time) => digits(thursdayOf(time).getFullYear() % 100)],
  // Of a time without a zone, as templates get it.
  ['z', () => ''],
  ['Z', () => ''],
  ['n', () => '\n'],
  ['t', () => '\t'],
  ['%', () => '%'],
]);

/** Those that are short for several others. */
const COMPOSED: Readonly<Record<string, string>> = {
  c: '%a %b %e %H:%M:%S %Y',
  D: '%m/%d/%y',
  F: '%Y-%m-%d',
  h: '%b',
  r: '%I:%M:%S %p',
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

/** How many days after Monday. */
function mondayBased(time: Date): number {
  return (time.getDay() + 6) % 7;
}

/** @param day how many days after the first of a week. */
function weekOfYear(time: Date, day: number): number {
  return Math.floor((dayOfYear(time) + 6 - day) / 7);
}

/** Of the week that begins with a Monday; its year is that of the week. */
function thursdayOf(time: Date): Date {
  return new Date(time.getFullYear(), time.getMonth(), time.getDate() + 3 - mondayBased(time));
}

/**
 * Python's `strftime`, in English and in the time zone of this machine: `%d %B %Y` → 27 July 2026.
 * `%-d` is without the zero in front. What nobody knows stays as it is.
 *
 * @throws {TypeError} for `%_d`, `%^a` and the like.
 */
export function formatTime(format: string, timeMs: number): string {
  const time = new Date(timeMs);
  const plain = format.replaceAll(
    /%([A-Za-z%])/gu,
    (whole, name: string) => COMPOSED[name] ?? whole,
  );
  return plain.replaceAll(
    /%([-_0^#\d]*)([EO]?[A-Za-z%])/gu,
    (whole, flags: string, name: string) => {
      if (name.length > 1 || !/^-?$/u.test(flags)) {
        throw new TypeError(`strftime_now() does not know "${whole}"`);
      }
      const text = DIRECTIVES.get(name)?.(time) ?? whole;
      return flags === '' ? text : text.replace(/^[0 ]+(?=\d)/u, '');
    },
  );
}
