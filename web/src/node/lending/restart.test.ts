import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import type {LendState} from '../../ports/lend-service.ts';
import {Lending} from './lending.ts';
import {memoryMembership} from './testing/memory-membership.ts';

beforeEach(() => {
  vi.useFakeTimers({toFake: ['setTimeout', 'clearTimeout']});
});

afterEach(() => {
  vi.useRealTimers();
});

/** A tab alone in a swarm, and what it has shown, without repetitions. */
async function lendingStub() {
  const {membership, listenerCount} = await memoryMembership();
  const states: LendState[] = [];
  const capacity = {kind: 'layers', maxLayers: 10} as const;
  const lending = new Lending(membership, {engine: 'stub', capacity}, (state) => {
    if (states.at(-1)?.kind !== state.kind) states.push(state);
  });
  const kinds = () => states.map(({kind}) => kind);
  /** Resolves when it serves, or has given up. */
  const settles = async (): Promise<void> => {
    await expect
      .poll(() => vi.advanceTimersByTimeAsync(500).then(() => kinds().at(-1)), {interval: 1})
      .toMatch(/serving|failed/u);
  };
  const read = () =>
    membership
      .snapshotWith(null)
      .nodes.flatMap(({shards}) => shards)
      .map(({startLayer, endLayer}) => `${startLayer}–${endLayer}`);
  /** What its record says soon. */
  const records = async (layers: readonly string[]): Promise<void> => {
    await expect
      .poll(() => vi.advanceTimersByTimeAsync(500).then(read), {interval: 1})
      .toEqual(layers);
  };
  return {lending, states, kinds, settles, listenerCount, records};
}

test('[LN5] [HL7] a tab whose engine crashes says so at once and serves the same layers again, twice in ten minutes', async () => {
  const {lending, states, kinds, settles, listenerCount, records} = await lendingStub();
  await settles();
  await records(['0–10']);
  for (let crashes = 1; crashes <= 2; crashes += 1) {
    states.length = 0;
    lending.disturbEngine({kind: 'crash'});
    expect(states).toEqual([
      {
        kind: 'restarting',
        why: 'The engine is gone: it crashed',
        note: expect.stringMatching(/stopped and was started again\. If that happens often, /u),
      },
    ]);
    // There is no engine to end any more.
    lending.disturbEngine({kind: 'crash'});
    await settles();
    expect(kinds()).toEqual(['restarting', 'claiming', 'loading', 'serving']);
    await records(['0–10']);
    expect(listenerCount()).toBe(1);
  }
  states.length = 0;
  lending.disturbEngine({kind: 'crash'});
  expect(states).toMatchObject([{kind: 'failed', code: 'ENGINE_LOST'}]);
  await records([]);
  expect(listenerCount()).toBe(0);
});

test('[LN5] a tab whose engine crashes while it leaves goes', async () => {
  const {lending, states, settles, listenerCount} = await lendingStub();
  await settles();
  states.length = 0;
  const leaving = lending.leave();
  lending.disturbEngine({kind: 'crash'});
  await leaving;
  expect(states).toEqual([]);
  expect(listenerCount()).toBe(0);
});
