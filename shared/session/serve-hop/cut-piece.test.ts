import {describe, expect, test} from 'vitest';
import {cutPiece, pieceTokensWithin} from './cut-piece.ts';
import {MiddleHop, opening, SESSION} from './testing/middle-hop.ts';

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
    const parts = cutPiece(FRAME, 8);
    expect(parts.map(({position, tokenCount}) => [position, tokenCount])).toEqual([
      [40, 8],
      [48, 8],
      [56, 4],
    ]);
    expect(parts.flatMap(({payload}) => [...payload])).toEqual([...FRAME.payload]);
    expect(parts.map(({sample}) => sample)).toEqual([false, false, true]);
    expect(cutPiece({...FRAME, sample: false}, 8).some(({sample}) => sample)).toBe(false);
  });

  test('[HS21] what is short enough, and what is verified, stays whole', () => {
    expect(cutPiece(FRAME, 20)).toEqual([FRAME]);
    expect(cutPiece({...FRAME, verify: true}, 8)).toHaveLength(1);
  });

  test.each([
    [0, Infinity],
    [Number.NaN, Infinity],
    [0.1, 256],
    [3.1, 16],
    [3.2, 8],
    [1e9, 8],
  ])('[HS21] of tokens that take %d ms each so many are run at once', (tokenMs, tokens) => {
    expect(pieceTokensWithin(50, tokenMs)).toBe(tokens);
  });
});

test('[HS21] a slow hop gives its engine a prompt in parts, as slow as it is now', () => {
  const bench = new MiddleHop();
  bench.open(opening({promptTokens: 60}));
  const takenAt = (position: number) => {
    bench.frame(position, {tokenCount: 20});
    const taken: number[] = [];
    for (let turns = bench.machine.take(8); turns.length > 0; turns = bench.machine.take(8)) {
      for (const turn of turns) {
        taken.push(turn.frame.tokenCount);
        bench.machine.release(turn);
      }
    }
    return taken;
  };
  expect(takenAt(0)).toEqual([20]);
  // Two layers.
  bench.machine.pace(1.5);
  expect(takenAt(20)).toEqual([16, 4]);
  bench.machine.pace(100);
  expect(takenAt(40)).toEqual([8, 8, 4]);
});
