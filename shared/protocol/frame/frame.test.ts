import * as fc from 'fast-check';
import {describe, expect, test} from 'vitest';
import {asSessionId} from '../../base/ids.ts';
import {
  encodeFrame,
  FRAME_HEADER_BYTES,
  MAX_CONTROL_BYTES,
  MAX_FRAME_BYTES,
  parseFrame,
  type Frame,
} from './frame.ts';
import {decodeControlFrame, encodeControlFrame} from '#shared/transport/frames/control-frame.ts';
import {MalformedFrameError} from './malformed-frame.ts';
import {decodeSampledTokens, MAX_SAMPLED_TOKENS} from './sampled-token.ts';
import {
  addToken,
  decodeTokenMask,
  emptyMask,
  encodeTokenMask,
  hasToken,
  tokensOf,
} from './token-mask.ts';

const frame: Frame = {
  kind: 'hidden',
  dtype: 'f16',
  sample: true,
  verify: false,
  sessionId: asSessionId('0123456789abcdef'),
  epoch: 3,
  position: 70_000,
  tokenCount: 2,
  hopIndex: 1,
  payload: Uint8Array.of(1, 2, 3, 4),
};

const control: Frame = {
  ...frame,
  kind: 'control',
  dtype: 'none',
  sample: false,
  tokenCount: 0,
  payload: new Uint8Array(2),
};

/** A valid frame with one byte of its header changed. */
function withByte(offset: number, value: number): Uint8Array {
  const bytes = encodeFrame(frame);
  bytes[offset] = value;
  return bytes;
}

describe('parseFrame()', () => {
  test('[FR1] reads back what encodeFrame wrote, whatever the fields', () => {
    const u32 = fc.integer({min: 0, max: 0xffff_ffff});
    fc.assert(
      fc.property(
        fc.record({
          sessionId: fc.bigInt({min: 0n, max: 2n ** 64n - 1n}),
          epoch: u32,
          position: u32,
          hopIndex: fc.integer({min: 0, max: 0xffff}),
          flags: fc.constantFrom(
            {sample: false, verify: false},
            {sample: true, verify: false},
            {sample: true, verify: true},
          ),
          tokens: fc.uint8Array({minLength: 1, maxLength: 9}),
        }),
        ({sessionId, tokens, flags, ...fields}) => {
          const original: Frame = {
            ...fields,
            ...flags,
            kind: 'tokens',
            dtype: 'u32',
            sessionId: asSessionId(sessionId.toString(16).padStart(16, '0')),
            tokenCount: tokens.length,
            payload: new Uint8Array(tokens.length * 4).fill(7),
          };
          expect(parseFrame(encodeFrame(original))).toEqual(original);
        },
      ),
    );
  });

  test('[FR2] a decode step costs its hidden state and at most 32 bytes', () => {
    expect(FRAME_HEADER_BYTES).toBeLessThanOrEqual(32);
    expect(encodeFrame(frame).byteLength).toBe(FRAME_HEADER_BYTES + frame.payload.byteLength);
  });

  test.each([
    ['a cut header', encodeFrame(frame).subarray(0, FRAME_HEADER_BYTES - 1)],
    ['another first byte', withByte(0, 0x58)],
    ['an unknown kind', withByte(1, 9)],
    ['a dtype that the kind does not have', withByte(2, 3)],
    ['an unknown flag', withByte(3, 4)],
    ['a verification that samples nothing', withByte(3, 2)],
    ['flags of data in a control frame', encodeFrame({...control, sample: true})],
    [
      'more control than any message needs',
      encodeFrame({...control, payload: new Uint8Array(MAX_CONTROL_BYTES + 1)}),
    ],
    ['set reserved bytes', withByte(27, 1)],
    ['no tokens', withByte(20, 0)],
    ['a payload that is not a whole number of values', withByte(20, 3)],
    ['more bytes than a frame may have', new Uint8Array(MAX_FRAME_BYTES + 1)],
  ])('[FR3] refuses %s', (_, bytes) => {
    expect(() => parseFrame(bytes)).toThrow(MalformedFrameError);
  });

  test.each([
    ['half a token', 1, 12],
    ['tokens of unlike length', 2, 24],
    ['more likely tokens than may be asked for', 1, 22 * 8],
    ['more tokens than any guess is long', MAX_SAMPLED_TOKENS + 1, 8 * (MAX_SAMPLED_TOKENS + 1)],
  ])('[FR3] refuses sampled tokens: %s', (_, tokenCount, byteLength) => {
    const payload = new Uint8Array(byteLength);
    expect(() => decodeSampledTokens({payload, tokenCount})).toThrow(MalformedFrameError);
  });

  test('[FR1] a mask comes back as it was, as ids where they are few and as bits where they are many', () => {
    fc.assert(
      fc.property(
        fc.integer({min: 1, max: 200}).chain((vocabularySize) =>
          fc.record({
            vocabularySize: fc.constant(vocabularySize),
            tokenIds: fc.uniqueArray(fc.integer({min: 0, max: vocabularySize - 1}), {minLength: 1}),
          }),
        ),
        ({vocabularySize, tokenIds}) => {
          const mask = emptyMask(vocabularySize);
          for (const tokenId of tokenIds) addToken(mask, tokenId);
          const encoded = encodeTokenMask(mask);
          const read = parseFrame(encodeFrame({...frame, kind: 'mask', sample: false, ...encoded}));
          expect(decodeTokenMask(read, vocabularySize)).toEqual(mask);
          expect(tokensOf(mask)).toEqual(tokenIds.toSorted((a, b) => a - b));
          expect(tokensOf(mask).every((tokenId) => hasToken(mask, tokenId))).toBe(true);
          expect(encoded.payload.byteLength).toBeLessThanOrEqual(mask.byteLength);
        },
      ),
    );
  });

  test.each([
    [
      'a token beyond the vocabulary',
      {dtype: 'u32', tokenCount: 1, payload: Uint8Array.of(40, 0, 0, 0)},
    ],
    [
      'a bit beyond the vocabulary',
      {dtype: 'none', tokenCount: 1, payload: Uint8Array.of(0, 0, 0, 0, 0, 1, 0, 0)},
    ],
    [
      'the bits of another vocabulary',
      {dtype: 'none', tokenCount: 1, payload: Uint8Array.of(1, 0, 0, 0)},
    ],
    [
      'more tokens than it names',
      {dtype: 'none', tokenCount: 2, payload: Uint8Array.of(1, 0, 0, 0, 0, 0, 0, 0)},
    ],
    [
      'one token twice',
      {dtype: 'u32', tokenCount: 2, payload: Uint8Array.of(1, 0, 0, 0, 1, 0, 0, 0)},
    ],
  ] as const)('[FR3] refuses a mask: %s', (_, mask) => {
    expect(() => decodeTokenMask(mask, 40)).toThrow(MalformedFrameError);
  });

  test('[FR5] refuses a message that names another epoch than the header of its frame', () => {
    const message = {kind: 'truncate', epoch: 3, position: 1} as const;
    const address = {sessionId: frame.sessionId, epoch: 3, hopIndex: 0};
    expect(decodeControlFrame(parseFrame(encodeControlFrame(address, message)))).toEqual(message);
    const other = parseFrame(encodeControlFrame({...address, epoch: 2}, message));
    expect(() => decodeControlFrame(other)).toThrow(MalformedFrameError);
  });

  test('[FR4] never throws anything else, whatever the bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({maxLength: 80}), (bytes) => {
        if (bytes.length > 0) bytes[0] = 0x57;
        try {
          parseFrame(bytes);
        } catch (error) {
          expect(error).toBeInstanceOf(MalformedFrameError);
        }
      }),
    );
  });
});
