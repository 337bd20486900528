import {expect, test} from 'vitest';
import {
  A,
  after,
  B,
  C,
  chain,
  D,
  fed,
  ready,
  refused,
  task,
  tokens,
} from './testing/generation-script.ts';

const guided = task({sampling: {temperature: 0, topLogprobs: 0, guided: true}});
const guides = (
  ...events: Parameters<typeof after> extends readonly [unknown, ...infer E] ? E : never
) => after(guided, ...events).actions.filter(({kind}) => kind === 'guide');

const guide = (position: number) => ({kind: 'guide', epoch: 0, hops: [A, B, C], position});

const READY = [chain(A, B, C), ready(0, 0, 0, 0)];
const FED = [...READY, fed(0), fed(0), fed(0)];

test('[GN28] the tail gets a mask when its chain is ready, and with each token but the last', () => {
  expect(guides(chain(A, B, C))).toEqual([]);
  expect(guides(...READY)).toEqual([guide(5)]);
  expect(guides(...READY, fed(0))).toEqual([]);
  expect(guides(...FED, tokens(0, 5, 21))).toEqual([guide(6)]);
  expect(guides(...FED, tokens(0, 5, 21), {kind: 'tick'})).toEqual([]);
  expect(guides(...FED, tokens(0, 5, 21), tokens(0, 6, 99))).toEqual([]);
  expect(after(task(), ...READY).actions.map(({kind}) => kind)).not.toContain('guide');
});

test('[GN28] in a new epoch the tail gets its mask again, for the same position', () => {
  const lost = [...FED, tokens(0, 5, 21), refused(0, 'ENGINE_LOST', B.peerId), chain(A, D, C)];
  expect(guides(...lost, ready(1, 5, 0, 5))).toEqual([
    {kind: 'guide', epoch: 1, hops: [A, D, C], position: 6},
  ]);
});

test('[GN28] a chain that is searched for its silent hop and goes on gets no mask twice', () => {
  const silent = [...FED, tokens(0, 5, 21), {kind: 'tick', nowMs: 60_000} as const];
  expect(after(guided, ...silent).state.kind).toBe('decoding');
  expect(guides(...silent)).toEqual([]);
});
