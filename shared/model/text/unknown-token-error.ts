import {WeftError} from '../../base/errors.ts';

type UnknownTokenDetail = {
  readonly code: 'TOKEN_UNKNOWN';
  readonly tokenId: number;
  readonly vocabularySize: number;
};

/** A token id outside the vocabulary; ids come from peers. */
export class UnknownTokenError extends WeftError<UnknownTokenDetail> {
  override readonly name = 'UnknownTokenError';

  constructor(tokenId: number, vocabularySize: number) {
    super(
      {code: 'TOKEN_UNKNOWN', tokenId, vocabularySize},
      `Cannot show token ${tokenId}: the vocabulary has ${vocabularySize}`,
    );
  }
}
