import * as z from 'zod';

const DAY_OF_MONTH =
  '((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))';
const DATE = `\\d{4}-${DAY_OF_MONTH}`;
const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,3})?';
const TIME = `${CLOCK}(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)`;
const BYTE = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const WORD = '[A-Za-z0-9_]+';

export type Format = {
  /** Of its texts. */
  readonly pattern: string;
  /** In place of it beside a length, where texts of the format may be of any. */
  readonly shortPattern?: string;
  /** Characters of the shortest and the longest text, beside a length. */
  readonly shortest: number;
  readonly longest: number;
};

/**
 * Formats as patterns: each text of one has its format, and nearly every one that people mean is among them. Left out
 * are 29 February, and addresses of mail with other signs than letters, digits, dots, hyphens and underlines.
 */
export const FORMATS: ReadonlyMap<string, Format> = new Map([
  ['date', {pattern: DATE, shortest: 10, longest: 10}],
  ['time', {pattern: TIME, shortest: 9, longest: 18}],
  ['date-time', {pattern: `${DATE}T${TIME}`, shortest: 20, longest: 29}],
  [
    'uuid',
    {
      pattern: '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}',
      shortest: 36,
      longest: 36,
    },
  ],
  ['ipv4', {pattern: `${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}`, shortest: 7, longest: 15}],
  [
    'email',
    {
      pattern: `${WORD}([.-]${WORD}){0,3}@[A-Za-z0-9]+([.-][A-Za-z0-9]+){0,3}\\.[A-Za-z]{2,8}`,
      shortPattern: '[A-Za-z0-9_]{1,20}([.-][A-Za-z0-9_]{1,16})?@[A-Za-z0-9]{1,17}\\.[A-Za-z]{2,8}',
      shortest: 6,
      longest: 64,
    },
  ],
]);

/** What zod writes as a format with a pattern beside it, which most texts of the format follow. */
const WITH_PATTERN: readonly (readonly [schema: z.ZodType, own: string | undefined])[] = [
  [z.iso.date(), FORMATS.get('date')?.pattern],
  [z.iso.datetime(), `${DATE}T${CLOCK}Z`],
  [z.iso.datetime({offset: true}), FORMATS.get('date-time')?.pattern],
  [z.uuid(), FORMATS.get('uuid')?.pattern],
  [z.ipv4(), FORMATS.get('ipv4')?.pattern],
  [z.email(), FORMATS.get('email')?.pattern],
];
const BOTH: ReadonlyMap<string, string> = new Map(
  WITH_PATTERN.flatMap(([schema, own]) => {
    const {format = '', pattern = ''} = z.toJSONSchema(schema);
    return own === undefined ? [] : [[`${format} ${pattern}`, own] as const];
  }),
);

/** Texts of a format that follow a pattern too; `undefined`: how they look is not known. */
export function patternOfBoth(format: string, pattern: string): string | undefined {
  return BOTH.get(`${format} ${pattern}`);
}
