import {expect, test} from 'vitest';
import type {PlacementDecision} from '#shared/scheduling/allocation/placement/decide-placement.ts';
import {shard} from '#shared/testing/snapshot-node.ts';
import {PlacementLoop, type PlacementState} from './placement-loop.ts';

const first = shard(0, 10, 30);
const second = shard(10, 20, 30);

test('[PL9] a node that could not drop its layers any more once others are loaded keeps them', async () => {
  let decision: PlacementDecision = {kind: 'claim', shard: first, why: 'nobody serves it'};
  const did: string[] = [];
  const settled = Promise.withResolvers<PlacementState>();
  const loop = new PlacementLoop({
    decide: () => decision,
    publishClaim: (claim) => {
      if (claim !== null) decision = {kind: 'keep', why: 'loading'};
      return Promise.resolve();
    },
    load: ({startLayer}) => {
      // While it loads, whom it relies on goes.
      if (startLayer === second.startLayer) decision = {kind: 'withdraw', why: 'no other replica'};
      const log = (what: string) => {
        did.push(`${what} ${String(startLayer)}`);
        // Once it serves the first layers, it shall move.
        decision =
          what === 'serve'
            ? {kind: 'claim', shard: second, why: 'nobody else closes the gap'}
            : {kind: 'keep', why: 'others close the gap'};
        return Promise.resolve();
      };
      return Promise.resolve({serve: () => log('serve'), discard: () => log('discard')});
    },
    onState: (state) => {
      if (state.kind === 'serving' && loop.state === state && did.length === 2)
        settled.resolve(state);
    },
    settleMs: 0,
  });
  loop.update();
  expect(await settled.promise).toMatchObject({shard: first});
  expect(did).toEqual(['serve 0', 'discard 10']);
});
