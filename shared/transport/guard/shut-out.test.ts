import {expect, test} from 'vitest';
import {asPeerId} from '../../base/ids.ts';
import {ShutOut} from './shut-out.ts';

test('[GD8] a peer that was shut out may come back, and a crowd of identities takes no memory', () => {
  const out = new ShutOut();
  out.add(asPeerId('a'), 0);
  expect([out.has(asPeerId('a'), 59_999), out.has(asPeerId('a'), 60_000)]).toEqual([true, false]);
  for (let k = 0; k < 1_000; k += 1) out.add(asPeerId(`x${k}`), 1);
  expect(out.has(asPeerId('a'), 2)).toBe(false);
  expect(out.has(asPeerId('x999'), 2)).toBe(true);
});
