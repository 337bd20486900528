import {WeftError} from '#shared/base/errors.ts';

/** The swarm cannot serve, and neither does the service that is asked in its place. */
export class FallbackError extends WeftError<{
  readonly code: 'FALLBACK_FAILED';
  readonly host: string;
}> {
  override readonly name = 'FallbackError';

  /** @param reason goes on after the name of the host. */
  constructor(
    host: string,
    reason: string,
    {
      whatToDo = 'try again in a minute',
      ...options
    }: ErrorOptions & {readonly whatToDo?: string} = {},
  ) {
    super(
      {code: 'FALLBACK_FAILED', host},
      `The swarm cannot serve now, and ${host} ${reason}: ${whatToDo}`,
      options,
    );
  }
}
