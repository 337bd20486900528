import {writeSync} from 'node:fs';
import process from 'node:process';

/** `EX_SOFTWARE` of sysexits.h: nothing that a change of the settings would fix. */
export const FAILED_EXIT_CODE = 70;

/**
 * What nobody caught: one line of JSON with what the server counted until then,
 * and the end of the process, which whoever runs it starts again. Going on
 * would mean serving from a state that nobody has thought of.
 *
 * @param counters read when it happens; what they throw is left out.
 */
export function exitOnFailure(counters: () => object): void {
  let failureCount = 0;
  // A rejection that nobody handles comes here too, with "unhandledRejection" as its origin.
  process.on('uncaughtException', (error: unknown, origin) => {
    failureCount += 1;
    if (failureCount === 1) report(error, {origin, counters});
    process.exit(FAILED_EXIT_CODE);
  });
}

function report(
  error: unknown,
  {origin, counters}: {readonly origin: string; readonly counters: () => object},
): void {
  const {message, stack} = error instanceof Error ? error : new Error(String(error));
  let counted: object = {};
  try {
    counted = counters();
  } catch {
    // The server was not up yet, or is what failed.
  }
  const line = {level: 'error', event: 'server-failed', origin, message, stack, counters: counted};
  // Not by the stream: the process ends before it is written.
  writeSync(process.stderr.fd, `${JSON.stringify(line)}\n`);
}
