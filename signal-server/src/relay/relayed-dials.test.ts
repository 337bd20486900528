import type {Stream} from '@libp2p/interface';
import {streamPair} from '@libp2p/utils';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {RelayedDials} from './relayed-dials.ts';

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

type Dial = {readonly source: string; readonly address: string; readonly target?: string};

function create({isAnswered = true} = {}) {
  const refused: string[] = [];
  const dials = new RelayedDials((reason) => refused.push(reason));
  const streams = new Map<string, Stream>();
  const admitted: string[] = [];
  const dial = async ({source, address, target = 'tab'}: Dial): Promise<void> => {
    const [stream] = await streamPair();
    streams.set(source, stream);
    const signal = new AbortController().signal;
    void dials
      .admit({source, sourceKey: address, target, stream, signal})
      .then((isAdmitted) => isAdmitted && admitted.push(source));
    await vi.advanceTimersByTimeAsync(0);
    // What a tab answers in its part of the handshake.
    if (isAnswered && admitted.includes(source)) stream.send(new Uint8Array(300));
  };
  return {dials, dial, refused, admitted, streams};
}

test('[RL5] the same two peers are relayed so many times, and others still are', async () => {
  const {dial, refused, admitted} = create();
  for (let round = 0; round < 60; round += 1) {
    await dial({source: 'a', address: 'a'});
    await vi.advanceTimersByTimeAsync(50);
  }
  expect(admitted).toHaveLength(49);
  expect(refused).toEqual(Array.from({length: 11}, () => 'relayed-dial-too-often'));
  await dial({source: 'a', address: 'a', target: 'other'});
  await dial({source: 'b', address: 'b'});
  expect(admitted.slice(49)).toEqual(['a', 'b']);
});

test('[RL5] one peer dials so many others a minute', async () => {
  const {dial, refused} = create();
  for (let index = 0; index < 120; index += 1) {
    await dial({source: 'a', address: 'a', target: `tab ${index}`});
  }
  expect(refused).toHaveLength(24);
});

test('[RL6] a crowd of one address at one tab holds up neither a stranger nor the next of its own', async () => {
  const {dial, admitted} = create();
  for (let index = 0; index < 70; index += 1) await dial({source: `c${index}`, address: 'crowd'});
  expect(admitted).toHaveLength(8);
  await dial({source: 'neighbour', address: 'crowd'});
  await dial({source: 'stranger', address: 'elsewhere'});
  await vi.advanceTimersByTimeAsync(150);
  expect(admitted.slice(8)).toEqual(['neighbour', 'stranger', 'c69']);
});

test('[RL6] a tab has so many relayed connections; one more costs the oldest of the busiest address', async () => {
  const {dial, refused, streams} = create();
  await dial({source: 'stranger', address: 'elsewhere'});
  for (let index = 0; index < 62; index += 1) {
    await dial({source: `c${index}`, address: 'crowd'});
    await vi.advanceTimersByTimeAsync(50);
  }
  const ended = [...streams].filter(([, {status}]) => status === 'aborted').map(([name]) => name);
  expect(ended).toEqual(['c0', 'c1', 'c2']);
  expect(refused).toEqual(Array.from({length: 3}, () => 'relayed-connection-crowded-out'));
});

test('[RL6] a dial that is given up while it waits takes no turn', async () => {
  const {dial, admitted, streams} = create();
  for (let index = 0; index < 22; index += 1) await dial({source: `c${index}`, address: 'crowd'});
  streams.get('c21')?.abort(new Error('given up'));
  await vi.advanceTimersByTimeAsync(200);
  expect(admitted).toContain('c20');
  expect(admitted).not.toContain('c21');
});

test('[RL7] a tab shakes hands with eight at the same time; one that stops gives up the turn', async () => {
  const {dial, admitted} = create({isAnswered: false});
  for (let index = 0; index < 30; index += 1) {
    await dial({source: `c${index}`, address: 'crowd'});
  }
  await vi.advanceTimersByTimeAsync(1_900);
  expect(admitted).toHaveLength(8);
  await vi.advanceTimersByTimeAsync(200);
  expect(admitted).toHaveLength(16);
});
