import type {Frame} from './frame.ts';
import {MalformedFrameError} from './malformed-frame.ts';
import {decodeTokenIds, encodeTokenIds} from './token-ids.ts';

/** Some tokens of a vocabulary: token `i` is bit `i % 32` of word `⌊i / 32⌋`. What is beyond its end is none. */
export type TokenMask = Uint32Array;

const WORD_BITS = 32;
const WORD_BYTES = 4;

/** No token of a vocabulary of this size. */
export function emptyMask(vocabularySize: number): TokenMask {
  return new Uint32Array(Math.ceil(vocabularySize / WORD_BITS));
}

export function hasToken(mask: TokenMask, tokenId: number): boolean {
  return ((mask[Math.floor(tokenId / WORD_BITS)] ?? 0) & (1 << (tokenId % WORD_BITS))) !== 0;
}

export function addToken(mask: TokenMask, tokenId: number): void {
  const word = Math.floor(tokenId / WORD_BITS);
  mask[word] = (mask[word] ?? 0) | (1 << (tokenId % WORD_BITS));
}

/** In ascending order. */
export function tokensOf(mask: TokenMask): readonly number[] {
  const tokenIds: number[] = [];
  for (const [word, bits] of mask.entries()) {
    for (let rest = bits; rest !== 0; rest = (rest & (rest - 1)) >>> 0) {
      tokenIds.push(word * WORD_BITS + 31 - Math.clz32(rest & -rest));
    }
  }
  return tokenIds;
}

/** The payload of a `mask` frame: the ids of the tokens as u32, or one bit for each of the vocabulary, whichever is shorter. */
export function encodeTokenMask(mask: TokenMask): Pick<Frame, 'dtype' | 'tokenCount' | 'payload'> {
  const tokenIds = tokensOf(mask);
  const tokenCount = tokenIds.length;
  if (tokenCount <= mask.length) {
    return {dtype: 'u32', tokenCount, payload: encodeTokenIds(tokenIds)};
  }
  const payload = new Uint8Array(mask.length * WORD_BYTES);
  const view = new DataView(payload.buffer);
  mask.forEach((word, at) => {
    view.setUint32(at * WORD_BYTES, word, true);
  });
  return {dtype: 'none', tokenCount, payload};
}

/**
 * The tokens of a `mask` frame.
 *
 * @throws {MalformedFrameError} when they are not `tokenCount` tokens of this vocabulary.
 */
export function decodeTokenMask(
  {dtype, tokenCount, payload}: Pick<Frame, 'dtype' | 'tokenCount' | 'payload'>,
  vocabularySize: number,
): TokenMask {
  const mask = emptyMask(vocabularySize);
  if (dtype === 'u32') {
    for (const tokenId of decodeTokenIds(payload)) {
      if (tokenId >= vocabularySize) throw new MalformedFrameError(`a mask with token ${tokenId}`);
      addToken(mask, tokenId);
    }
  } else {
    if (payload.byteLength !== mask.byteLength) {
      throw new MalformedFrameError(
        `a mask of ${payload.byteLength} bytes for ${vocabularySize} tokens`,
      );
    }
    const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
    mask.forEach((_, at) => {
      mask[at] = view.getUint32(at * WORD_BYTES, true);
    });
  }
  const tokenIds = tokensOf(mask);
  if (tokenIds.length !== tokenCount || (tokenIds.at(-1) ?? 0) >= vocabularySize) {
    throw new MalformedFrameError(`a mask that does not name ${tokenCount} tokens`);
  }
  return mask;
}
