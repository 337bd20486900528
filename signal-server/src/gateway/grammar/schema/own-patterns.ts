import * as z from 'zod';

const DAY_OF_MONTH =
  '((0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])|(0[469]|11)-(0[1-9]|[12]\\d|30)|02-(0[1-9]|1\\d|2[0-8]))';
const DATE = `\\d{4}-${DAY_OF_MONTH}`;
const CLOCK = '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,3})?';
const TIME = `${CLOCK}(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)`;
const BYTE = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const WORD = '[A-Za-z0-9_]+';

/**
 * Formats as patterns: each text of one has its format, and nearly every one that people mean is among them. Left out
 * are 29 February, and addresses of mail with other signs than letters, digits, dots, hyphens and underlines.
 */
export const FORMAT_PATTERNS: ReadonlyMap<string, string> = new Map([
  ['date', DATE],
  ['time', TIME],
  ['date-time', `${DATE}T${TIME}`],
  ['uuid', '[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}'],
  ['ipv4', `${BYTE}\\.${BYTE}\\.${BYTE}\\.${BYTE}`],
  ['email', `${WORD}([.-]${WORD}){0,3}@[A-Za-z0-9]+([.-][A-Za-z0-9]+){0,3}\\.[A-Za-z]{2,8}`],
]);

/** What zod writes as a format with a pattern beside it, which most texts of the format follow. */
const WITH_PATTERN: readonly (readonly [schema: z.ZodType, own: string | undefined])[] = [
  [z.iso.date(), FORMAT_PATTERNS.get('date')],
  [z.iso.datetime(), `${DATE}T${CLOCK}Z`],
  [z.iso.datetime({offset: true}), FORMAT_PATTERNS.get('date-time')],
  [z.uuid(), FORMAT_PATTERNS.get('uuid')],
  [z.ipv4(), FORMAT_PATTERNS.get('ipv4')],
  [z.email(), FORMAT_PATTERNS.get('email')],
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
