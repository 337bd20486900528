import {WeftError} from '../../base/errors.ts';

type Detail = {
  readonly code: 'MANIFEST_INVALID';
  /** Field, or name of the tensor. */
  readonly path: string;
  readonly reason: string;
};

/** A manifest that its schema or its own numbers contradict: never run it. */
export class ManifestInvalidError extends WeftError<Detail> {
  override readonly name = 'ManifestInvalidError';

  constructor(path: string, reason: string, options?: ErrorOptions) {
    super(
      {code: 'MANIFEST_INVALID', path, reason},
      `Cannot use the model manifest: "${path}": ${reason}`,
      options,
    );
  }
}
