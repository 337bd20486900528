import type {ZodError} from 'zod';
import {WeftError} from '../base/errors.ts';

type Detail = {readonly code: 'MALFORMED_MESSAGE'; readonly kind: string; readonly path: string};

/** A peer sent something that its schema does not allow. */
export class MalformedMessageError extends WeftError<Detail> {
  override readonly name = 'MalformedMessageError';

  constructor(kind: string, cause: ZodError) {
    const first = cause.issues[0];
    const path = first?.path.join('.') ?? '';
    super(
      {code: 'MALFORMED_MESSAGE', kind, path},
      `Cannot read ${kind} at "${path}": ${first?.message ?? 'unknown issue'}`,
      {cause},
    );
  }
}
