import {WeftError} from '#shared/base/errors.ts';

/** What keeps a client from its answer, whichever way it asks. */

/** @param what it does in place of an answer. */
export function serverUnreachable(serverUrl: string, what: string, cause?: unknown): WeftError {
  return new WeftError(
    {code: 'SERVER_UNREACHABLE'},
    `${new URL(serverUrl).host || serverUrl} ${what}: try again in a minute`,
    {cause},
  );
}

export function noWeftServer(serverUrl: string, cause?: unknown): WeftError {
  return new WeftError(
    {code: 'NO_WEFT_SERVER'},
    `What answers at ${serverUrl} is no signal server of Weft: look at "server"`,
    {cause},
  );
}

export function clientClosed(): WeftError {
  return new WeftError(
    {code: 'CLOSED'},
    'This client was closed before its answer was over: ask again',
  );
}

/** @param mustBe ends a sentence. */
export function invalidValue(name: string, mustBe: string): WeftError {
  return new WeftError({code: 'INVALID_VALUE'}, `"${name}" must be ${mustBe}`);
}

export function unsupportedParameter(name: string): WeftError {
  return new WeftError(
    {code: 'UNSUPPORTED_PARAMETER'},
    `"${name}" is not supported here: leave it out`,
  );
}
