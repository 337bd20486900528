import type {ParseArgsOptionDescriptor} from 'node:util';

/** An option of a command; the names of its fields are those of `node:util`'s `parseArgs`. */
export type CommandOption = ParseArgsOptionDescriptor & {
  /** The placeholder of the value in the help: `FILE`. Left out by options that take none. */
  readonly value?: string;
  /** What the option changes, in a few words. */
  readonly meaning: string;
};

export type CommandOptions = Readonly<Record<string, CommandOption>>;

/** What a command accepts besides options. */
export type Operands = {
  /** The placeholder of one of them in the help: `POOL.json`. */
  readonly name: string;
  readonly meaning: string;
  readonly count: 'one' | 'any';
};

/** A table of the help besides the options, such as environment variables. */
export type HelpTable = {
  readonly title: string;
  readonly rows: readonly (readonly [name: string, meaning: string])[];
};

/** A command as its user sees it: read by the parser of arguments and printed by `--help`. */
export type Command<Options extends CommandOptions = CommandOptions> = {
  /** How it is started, without operands and options: `npm run demo`. */
  readonly start: string;
  /** What it does and what it prints, in one or two sentences. */
  readonly purpose: string;
  /** `null` when it accepts options only. */
  readonly operands: Operands | null;
  readonly options: Options;
  readonly tables?: readonly HelpTable[];
};
