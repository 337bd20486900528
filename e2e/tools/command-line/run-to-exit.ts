/// <reference types="node" />
import type {Command, CommandOptions} from './command.ts';
import type {readArguments} from './read-arguments.ts';
import {takeArguments} from './take-arguments.ts';

type Arguments<Options extends CommandOptions> = Extract<
  ReturnType<typeof readArguments<Options>>,
  {kind: 'run'}
>;

/**
 * Runs a command to its end: Ctrl-C aborts it, and so does a reader of its
 * output that has read enough; a failure prints its sentence (and nothing of
 * our own stack) and ends with code 1. `--help` prints the help instead.
 */
export async function runToExit<const Options extends CommandOptions>(
  command: Command<Options>,
  run: (
    found: Pick<Arguments<Options>, 'values' | 'positionals'> & {readonly signal: AbortSignal},
  ) => Promise<void>,
): Promise<void> {
  const found = takeArguments(command);
  if (found !== null) await report((signal) => run({...found, signal}));
  // What a reader has not taken yet would be cut off.
  await new Promise<void>((resolve) => void process.stdout.write('', () => resolve()));
  // Sockets of libp2p may linger for seconds; everything that matters is closed.
  process.exit();
}

async function report(run: (signal: AbortSignal) => Promise<void>): Promise<void> {
  const abort = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.once(name, () => {
      abort.abort(new Error(`Stopped by ${name}`));
    });
  }
  process.stdout.on('error', (error) => {
    abort.abort(error);
  });
  try {
    await run(abort.signal);
  } catch (error) {
    if (abort.signal.aborted) process.exitCode = 130;
    else {
      process.stderr.write(`${describe(error)}\n`);
      process.exitCode = 1;
    }
  }
}

function describe(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return process.env['WEFT_DEBUG'] === undefined ? error.message : (error.stack ?? error.message);
}
