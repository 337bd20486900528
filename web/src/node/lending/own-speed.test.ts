import {expect, test} from 'vitest';
import type {PieceMs} from '#shared/session/serve-hop/cut-piece.ts';
import type {ObservedStep} from '../measure/speed-meter.ts';
import {OwnSpeed} from './own-speed.ts';

const REFERENCE = {
  decodeMsPerLayer: {fixedMs: 1.5, perSessionMs: 0.5},
  prefillMsPerTokenLayer: 0.5,
  lmHeadMs: null,
};

test('[HS21] a hop hears what a piece of a prompt takes: when its shard is there, and with each step', () => {
  const paces: PieceMs[] = [];
  const speed = new OwnSpeed({
    hop: {
      whileIdle: async () => Promise.resolve(null),
      pace: (pieceMs) => void paces.push(pieceMs),
    },
    hiddenSize: 8,
    onDevice: () => () => undefined,
    publisher: {update: () => undefined, attach: () => undefined},
  });
  try {
    speed.begin(REFERENCE);
    const first = paces.at(-1);
    const {fixedMs, perTokenMs} = first ?? {fixedMs: 0, perTokenMs: 0};
    expect(fixedMs + 32 * perTokenMs).toBeCloseTo(16, 9);
    const tokenCount = 16;
    const runMs = 3 * (fixedMs + tokenCount * perTokenMs);
    const step = {layers: 1, tokenCount, withLmHead: false, sessions: 1, runMs, overheadMs: 0};
    speed.observe(step satisfies ObservedStep);
    expect(paces.at(-1)?.perTokenMs).toBeCloseTo(3 * perTokenMs, 9);
  } finally {
    speed.close();
  }
});
