import {WeftError} from '#shared/base/errors.ts';

/** Somebody would chat with a model whose manifest says that text cannot be turned into its tokens. */
export class TokenIdsOnlyError extends WeftError<{readonly code: 'TEXT_UNSUPPORTED'}> {
  override readonly name = 'TokenIdsOnlyError';

  constructor() {
    super(
      {code: 'TEXT_UNSUPPORTED'},
      'Cannot chat with this model: its site offers it for token ids only, which programs can ask; choose another model',
    );
  }
}
