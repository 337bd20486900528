/// <reference types="node" />
import type {Command, CommandOptions} from './command.ts';
import {helpText} from './help-text.ts';
import {readArguments} from './read-arguments.ts';

/**
 * The arguments of this process. A user who asks for help gets it on standard output; one whose
 * arguments are wrong gets a sentence on standard error, and exit code 1.
 *
 * @returns `null` when the user has been answered and the command must not run.
 */
export function takeArguments<const Options extends CommandOptions>(command: Command<Options>) {
  try {
    const found = readArguments(command, process.argv.slice(2));
    if (found.kind === 'run') return found;
    process.stdout.write(helpText(command));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
  return null;
}
