/// <reference types="node" />
import {parseArgs, type ParseArgsOptionsConfig} from 'node:util';

type Token = ReturnType<typeof tokensOf>[number];
type OptionToken = Extract<Token, {kind: 'option'}>;

/**
 * What stands behind the name of a command.
 *
 * @param asked `operands`: whether something that is no option may stand there, too.
 * @throws {Error} with a sentence: an option that is not known (and those that are),
 *   one without its value, or an operand where there is none.
 */
export function readArguments<const Options extends ParseArgsOptionsConfig>(asked: {
  readonly options: Options;
  readonly operands: 'none' | 'any';
  readonly args?: readonly string[];
}) {
  const {options, operands} = asked;
  const args = [...(asked.args ?? process.argv.slice(2))];
  for (const token of tokensOf(args, options)) {
    if (token.kind === 'option') checkOption(token, options);
    else if (token.kind === 'positional' && operands === 'none') {
      throw new Error(`"${token.value}" is no option; ${knownOf(options)}`);
    }
  }
  return parseArgs({args, options, allowPositionals: true});
}

function tokensOf(args: string[], options: ParseArgsOptionsConfig) {
  return parseArgs({args, options, strict: false, allowPositionals: true, tokens: true}).tokens;
}

function checkOption(
  {name, rawName, value, inlineValue}: OptionToken,
  options: ParseArgsOptionsConfig,
) {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) throw new Error(`There is no option ${rawName}; ${knownOf(options)}`);
  if (option.type === 'boolean') {
    if (value !== undefined) throw new Error(`${rawName} takes no value`);
  } else if (value === undefined) {
    throw new Error(`${rawName} needs a value: ${rawName}=VALUE`);
  } else if (!inlineValue && /^-./u.test(value)) {
    const written = `one that begins with a dash is written ${rawName}=${value}`;
    throw new Error(`${rawName} needs a value; ${written}`);
  }
}

function knownOf(options: ParseArgsOptionsConfig): string {
  const known = Object.keys(options).map((name) => `--${name}`);
  return known.length === 0 ? 'there are none' : `there are: ${known.join(', ')}`;
}
