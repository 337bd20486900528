import {describe, expect, test} from 'vitest';
import {cutPiece, pieceTokensWithin} from './cut-piece.ts';
import {SESSION} from './testing/middle-hop.ts';

const FRAME = {
  kind: 'hidden',
  dtype: 'f16',
  sample: true,
  verify: false,
  sessionId: SESSION,
  epoch: 3,
  position: 40,
  tokenCount: 20,
  hopIndex: 1,
  payload: Uint8Array.from({length: 80}, (_, at) => at),
} as const;

describe('parts', () => {
  test('[HS21] parts follow each other, hold together what the whole holds, and only the last is sampled', () => {
    const {first, rest} = cutPiece(FRAME, 8);
    expect([first, rest].map((part) => [part?.position, part?.tokenCount])).toEqual([
      [40, 8],
      [48, 12],
    ]);
    expect([...first.payload, ...(rest?.payload ?? [])]).toEqual([...FRAME.payload]);
    expect([first.sample, rest?.sample]).toEqual([false, true]);
    expect(cutPiece({...FRAME, sample: false}, 8).rest?.sample).toBe(false);
  });

  test('[HS21] what is short enough, and what is verified, stays whole', () => {
    expect(cutPiece(FRAME, 20)).toEqual({first: FRAME, rest: null});
    expect(cutPiece({...FRAME, verify: true}, 8).rest).toBeNull();
  });

  test.each([
    [0, 0, Infinity],
    [0, Number.NaN, Infinity],
    [0, 0.1, 256],
    [0, 3.1, 16],
    [0, 3.2, 8],
    [0, 1e9, 8],
    [40, 0.1, 256],
    [20, 0.5, 32],
    // However long it is, it takes longer than that: not twice as long, either.
    [60, 0.5, 64],
    [60, 5, 8],
  ])(
    '[HS21] of pieces that take %d ms, and %d ms for each token, so many tokens are run at once',
    (fixedMs, perTokenMs, tokens) => {
      expect(pieceTokensWithin(50, {fixedMs, perTokenMs})).toBe(tokens);
    },
  );
});
