/**
 * Base of every error that crosses a module boundary.
 *
 * `detail.code` is stable: metrics, retry policy and the wire use it. The
 * message is for people and may change.
 */
export class WeftError<D extends {readonly code: string} = {readonly code: string}> extends Error {
  override readonly name: string = 'WeftError';
  readonly detail: D;

  constructor(detail: D, message: string, options?: ErrorOptions) {
    super(message, options);
    this.detail = detail;
  }
}

/** Narrows to an error with a code; a bare `instanceof` would make its detail `any`. */
export function isWeftError(error: unknown): error is WeftError {
  return error instanceof WeftError;
}
