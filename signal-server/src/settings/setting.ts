import * as z from 'zod';

/** One variable of the environment. */
export type Setting<T> = {
  readonly variable: string;
  /** What it changes, in a few words, as `npm start -- --help` shows it. */
  readonly meaning: string;
  /** Reads the text, which is trimmed and never empty. Its issues end a sentence: "is not …". */
  readonly schema: z.ZodType<T, string>;
  /** The value when the variable is not set or empty. */
  readonly otherwise: T;
  /** What a right value looks like, after "expected". */
  readonly expected: string;
  /** Its text is never printed. */
  readonly isSecret?: boolean;
};

/** For a check that `expected` explains by itself; zod takes an empty text for none. */
export const NO_REASON = ' ';

/** Keeps the type of the value together; the fields of `ServerConfig` come from it. */
export const setting = <T>(described: Setting<T>): Setting<T> => described;

/** A whole number of decimal digits. Its issue is the setting's `expected`. */
export function wholeNumberSchema(least: number, most: number): z.ZodType<number, string> {
  return z
    .string()
    .regex(/^\d{1,9}$/u, NO_REASON)
    .transform(Number)
    .pipe(z.int().min(least, NO_REASON).max(most, NO_REASON));
}

/** JSON in the text, then what `inner` takes. */
export function jsonSchema<T>(inner: z.ZodType<T>): z.ZodType<T, string> {
  return z
    .string()
    .transform((text, context): unknown => {
      try {
        return JSON.parse(text);
      } catch {
        context.addIssue('is not JSON');
        return z.NEVER;
      }
    })
    .pipe(inner);
}

/** The texts between the commas. */
export function listSchema<T>(inner: z.ZodType<T>): z.ZodType<T, string> {
  return z
    .string()
    .transform((text): unknown =>
      text
        .split(',')
        .map((part) => part.trim())
        .filter((part) => part !== ''),
    )
    .pipe(inner);
}
