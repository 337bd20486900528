import {NO_REASON, type Setting} from './setting.ts';

type Settings = Readonly<Record<string, Setting<unknown>>>;
type ValueOf<S> = S extends Setting<infer T> ? T : never;
export type ValuesOf<S extends Settings> = {readonly [Key in keyof S]: ValueOf<S[Key]>};
export type Environment = Readonly<Record<string, string | undefined>>;

/** What is wrong with one variable: `sentence` names it, its value and what is expected. */
export type SettingFault = {readonly variable: string; readonly sentence: string};

const MAX_SHOWN_CHARACTERS = 120;

/** The text of a variable; an empty one counts as not set. */
export function textOf(env: Environment, variable: string): string | undefined {
  return env[variable]?.trim() || undefined;
}

/** Reads all variables. One that cannot be read has its `otherwise` and a fault. */
export function readSettings<S extends Settings>(
  settings: S,
  env: Environment,
): {readonly values: ValuesOf<S>; readonly faults: readonly SettingFault[]} {
  const faults: SettingFault[] = [];
  const entries = Object.entries(settings).map(([key, one]) => {
    const text = textOf(env, one.variable);
    if (text === undefined) return [key, one.otherwise];
    const {data, error} = one.schema.safeParse(text, {error: inOurWords});
    if (error === undefined) return [key, data];
    const [issue] = error.issues;
    const place = (issue?.path ?? []).map(nameStep).join(', ');
    const why = `${place} ${issue?.message ?? ''}`.trim();
    faults.push({variable: one.variable, sentence: sentenceOf(one, text, why)});
    return [key, one.otherwise];
  });
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- Keys and types are those of `settings`, one by one.
  return {values: Object.fromEntries(entries) as ValuesOf<S>, faults};
}

/** For an issue that a schema has no words for: `expected` says what would be right. */
const inOurWords = (): string => NO_REASON;

/** A step into a list is counted as people do. */
function nameStep(step: PropertyKey): string {
  return typeof step === 'number' ? `entry ${step + 1}` : `"${String(step)}"`;
}

function sentenceOf(one: Setting<unknown>, text: string, why: string): string {
  const shown = one.isSecret === true ? `${one.variable} (not shown)` : quote(one.variable, text);
  return `${shown}: ${why === '' ? '' : `${why}; `}expected ${one.expected}`;
}

function quote(variable: string, text: string): string {
  // Whatever precedes an "@" may be a password, even in a malformed address.
  const safe = text.replace(/^.*@/su, '…@');
  const cut = safe.length > MAX_SHOWN_CHARACTERS ? `${safe.slice(0, MAX_SHOWN_CHARACTERS)}…` : safe;
  return `${variable}=${JSON.stringify(cut)}`;
}
