import {UnknownTokenError} from '../../model/text/unknown-token-error.ts';
import type {TokenTable} from './vocabulary-messages.ts';

/** All tokens of a vocabulary in two lists, which a thread hands over without their strings. */
export function tokenTableOf(vocabulary: {
  readonly vocabularySize: number;
  tokenBytes(tokenId: number): Uint8Array<ArrayBuffer>;
}): TokenTable {
  const ends = new Uint32Array(vocabulary.vocabularySize);
  const tokens: Uint8Array[] = [];
  let end = 0;
  for (let tokenId = 0; tokenId < ends.length; tokenId += 1) {
    const token = vocabulary.tokenBytes(tokenId);
    tokens.push(token);
    end += token.byteLength;
    ends[tokenId] = end;
  }
  const bytes = new Uint8Array(end);
  tokens.forEach((token, tokenId) => bytes.set(token, (ends[tokenId] ?? 0) - token.byteLength));
  return {bytes, ends};
}

/** @throws {UnknownTokenError} for an id that is not in the vocabulary. */
export function bytesOfToken({bytes, ends}: TokenTable, tokenId: number): Uint8Array<ArrayBuffer> {
  const end = ends[tokenId];
  if (end === undefined) throw new UnknownTokenError(tokenId, ends.length);
  return bytes.slice(ends[tokenId - 1] ?? 0, end);
}
