/// <reference types="node" />
import {parseArgs} from 'node:util';
import type {Command, CommandOption, CommandOptions} from './command.ts';
import {usageOf} from './help-text.ts';

type Token = ReturnType<typeof tokensOf>[number];
type OptionToken = Extract<Token, {kind: 'option'}>;

/**
 * What follows the name of a command.
 *
 * @param args `process.argv` without its first two entries.
 * @returns `help` when `--help` or `-h` is among the options: then the rest is not checked.
 * @throws {Error} in one sentence: an unknown option (with the known ones), an option without its
 *   value, or operands where none or exactly one is expected.
 */
export function readArguments<const Options extends CommandOptions>(
  command: Command<Options>,
  args: readonly string[],
) {
  const {options} = command;
  const tokens = tokensOf(args, options);
  if (tokens.some((token) => token.kind === 'option' && isHelp(token))) {
    return {kind: 'help'} as const;
  }
  for (const token of tokens) if (token.kind === 'option') checkOption(token, options);
  const {values, positionals} = parseArgs({args: [...args], options, allowPositionals: true});
  checkOperands(command, positionals);
  return {kind: 'run', values, positionals} as const;
}

function tokensOf(args: readonly string[], options: CommandOptions) {
  const lenient = {strict: false, allowPositionals: true, tokens: true} as const;
  return parseArgs({args: [...args], options, ...lenient}).tokens;
}

function isHelp({rawName}: OptionToken): boolean {
  return rawName === '--help' || rawName === '-h';
}

function checkOption(
  {name, rawName, value, inlineValue}: OptionToken,
  options: CommandOptions,
): void {
  const option = ownOption(options, name);
  if (option === undefined) throw new Error(`There is no option ${rawName}; ${knownOf(options)}`);
  if (option.type === 'boolean') {
    if (value !== undefined) throw new Error(`${rawName} takes no value`);
  } else if (value === undefined) {
    throw new Error(`${rawName} needs a value: ${rawName}=${option.value ?? 'VALUE'}`);
  } else if (!inlineValue && /^-./u.test(value)) {
    const written = `one that begins with a dash is written ${rawName}=${value}`;
    throw new Error(`${rawName} needs a value; ${written}`);
  }
}

function ownOption(options: CommandOptions, name: string): CommandOption | undefined {
  return Object.hasOwn(options, name) ? options[name] : undefined;
}

function checkOperands(command: Command, positionals: readonly string[]): void {
  const {operands, options} = command;
  const [first] = positionals;
  if (operands === null) {
    if (first !== undefined) throw new Error(`"${first}" is not an option; ${knownOf(options)}`);
  } else if (operands.count === 'one' && positionals.length !== 1) {
    const found = first === undefined ? `${operands.name} is missing` : 'there are too many files';
    throw new Error(`Cannot start: ${found}. ${usageOf(command)}`);
  }
}

function knownOf(options: CommandOptions): string {
  const known = [...Object.keys(options), 'help'].map((name) => `--${name}`);
  return `there are: ${known.join(', ')}`;
}
