import {WeftError} from '../../base/errors.ts';
import {bootstrapSchema, type Bootstrap} from '../../protocol/bootstrap.ts';

class BootstrapError extends WeftError<{
  readonly code: 'BOOTSTRAP_FAILED';
  readonly serverUrl: string;
}> {
  override readonly name = 'BootstrapError';
}

/**
 * Asks a signal server who it is.
 *
 * @param serverUrl the folder of the server's page, with a slash at the end.
 * @throws {BootstrapError} when nobody answers, or not as a signal server does.
 */
export async function fetchBootstrap(
  serverUrl: string,
  {signal}: {readonly signal: AbortSignal},
): Promise<Bootstrap> {
  try {
    const url = new URL('api/bootstrap', serverUrl);
    const response = await fetch(url, {signal, cache: 'no-store'});
    return bootstrapSchema.parse(await response.json());
  } catch (cause) {
    throw new BootstrapError(
      {code: 'BOOTSTRAP_FAILED', serverUrl},
      `Cannot join through "${serverUrl}": no signal server answers there`,
      {cause},
    );
  }
}
