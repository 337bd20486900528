import {expect, test} from 'vitest';
import {WorkLane} from './work-lane.ts';

const RICH = {unitsPerSecond: 1e9, burstUnits: 1e9, maxWaitingPerPeer: 100};

/** Asks `count` times and notes the order in which turns come. */
function askFor(lane: WorkLane, {address, peer}: {address: string; peer: string}, count: number) {
  return Array.from({length: count}, async () => {
    const isMine = await lane.take({address, peer}, 1);
    return {peer, isMine};
  });
}

async function orderOf(asked: readonly Promise<{readonly peer: string}>[]): Promise<string> {
  const order: string[] = [];
  await Promise.all(asked.map(async (turn) => order.push((await turn).peer)));
  return order.join('');
}

test('[WL1] addresses take turns, and the peers of one address share its turns', async () => {
  const lane = new WorkLane(RICH);
  const asked = [
    ...askFor(lane, {address: 'crowd', peer: 'a'}, 3),
    ...askFor(lane, {address: 'crowd', peer: 'b'}, 3),
    ...askFor(lane, {address: 'alone', peer: 'c'}, 3),
  ];
  expect(await orderOf(asked)).toBe('acbcacbab');
});

test('[WL2] between two turns the event loop goes on', async () => {
  const lane = new WorkLane(RICH);
  const seen: string[] = [];
  setImmediate(() => {
    seen.push('other work');
    setImmediate(() => seen.push('more of it'));
  });
  const turns = askFor(lane, {address: 'x', peer: 'a'}, 4).map(async (turn) => {
    seen.push((await turn).peer);
  });
  await Promise.all(turns);
  expect(seen.indexOf('other work')).toBeLessThan(seen.indexOf('a') + 2);
  expect(seen.indexOf('more of it')).toBeLessThan(seen.lastIndexOf('a'));
});

test('[WL3] a source that has spent its units waits, and nobody waits for it', async () => {
  const lane = new WorkLane({unitsPerSecond: 1e-6, burstUnits: 2, maxWaitingPerPeer: 100});
  const greedy = askFor(lane, {address: 'x', peer: 'a'}, 5);
  const modest = askFor(lane, {address: 'x', peer: 'b'}, 2);
  await Promise.all(modest);
  lane.close();
  const turns = await Promise.all(greedy);
  expect(turns.filter(({isMine}) => isMine)).toHaveLength(2);
});

test('[WL4] what a peer asks for beyond its line is refused at once', async () => {
  const lane = new WorkLane({unitsPerSecond: 1, burstUnits: 1, maxWaitingPerPeer: 2});
  const asked = askFor(lane, {address: 'x', peer: 'a'}, 3);
  expect(await asked[2]).toEqual({peer: 'a', isMine: false});
  lane.close();
  expect((await Promise.all(asked)).map(({isMine}) => isMine)).toEqual([false, false, false]);
});

test('[WL5] units come back with time', async () => {
  const lane = new WorkLane({unitsPerSecond: 200, burstUnits: 1, maxWaitingPerPeer: 10});
  const turns = await Promise.all(askFor(lane, {address: 'x', peer: 'a'}, 5));
  expect(turns.every(({isMine}) => isMine)).toBe(true);
});

test('[WL6] a peer that has its units back is forgotten', async () => {
  const lane = new WorkLane({unitsPerSecond: 1e9, burstUnits: 1, maxWaitingPerPeer: 10});
  for (let i = 0; i < 100; i += 1) await lane.take({address: 'x', peer: `peer ${i}`}, 1);
  expect(lane.budgetCount).toBeLessThan(3);
});
