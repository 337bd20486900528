import {expect, test} from 'vitest';
import {asPeerId} from '#shared/base/ids.ts';
import {StepQueue} from './step-queue.ts';

const of = (sessionId: string, client = asPeerId('client')) => ({sessionId, client});

test('[SQ1] sessions take turns, steps of one session keep their order', () => {
  const queue = new StepQueue<number, string>();
  for (const step of [1, 2, 3]) queue.add(of('long'), step);
  queue.add(of('short'), 9);
  const order: number[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) {
    order.push(next.step);
    queue.release(next.sessionId);
  }
  expect(order).toEqual([1, 9, 2, 3]);
});

test('[SQ2] a session has one step outside at a time', () => {
  const queue = new StepQueue<number, string>();
  queue.add(of('a'), 1);
  queue.add(of('a'), 2);
  expect(queue.take()?.step).toBe(1);
  expect(queue.take()).toBeNull();
  queue.release('a');
  expect(queue.take()?.step).toBe(2);
  expect(queue.length).toBe(0);
});

test('[SQ3] what waits for a dropped session is forgotten and not counted', () => {
  const queue = new StepQueue<number, string>();
  queue.add(of('a'), 1);
  queue.add(of('b'), 2);
  queue.drop('a');
  expect(queue.length).toBe(1);
  expect(queue.take()?.step).toBe(2);
  expect(queue.take()).toBeNull();
});

test('[SQ4] knows which session has the most steps waiting', () => {
  const queue = new StepQueue<number, string>();
  expect(queue.longest()).toBeNull();
  for (const sessionId of ['a', 'b', 'b', 'c']) queue.add(of(sessionId), 1);
  expect(queue.longest()).toBe('b');
  queue.drop('b');
  expect(queue.longest()).toBe('a');
});

test('[SQ6] asked for one kind of step, it gives those of the sessions whose next one is of that kind', () => {
  const queue = new StepQueue<number, string>();
  for (const [sessionId, step] of [
    ['a', 9],
    ['b', 1],
    ['a', 1],
    ['c', 1],
  ] as const) {
    queue.add(of(sessionId), step);
  }
  const taken = [1, 2, 3].map(() => queue.take((step) => step === 1)?.sessionId);
  expect(taken).toEqual(['b', 'c', undefined]);
  expect(queue.take()?.step).toBe(9);
  queue.release('a');
  expect(queue.take()?.step).toBe(1);
});

test('[SQ5] clients take turns, however many sessions one of them has', () => {
  const queue = new StepQueue<string, string>();
  const [many, one] = [asPeerId('many'), asPeerId('one')];
  for (const sessionId of ['a', 'b', 'c']) {
    for (const round of [1, 2]) queue.add(of(sessionId, many), `${sessionId}${round}`);
  }
  for (const round of [1, 2, 3]) queue.add(of('z', one), `z${round}`);
  const order: string[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) {
    order.push(next.step);
    queue.release(next.sessionId);
  }
  expect(order).toEqual(['a1', 'z1', 'b1', 'z2', 'c1', 'z3', 'a2', 'b2', 'c2']);
});

test('[SQ4] of the client with the most steps the longest session pays, though another client has a longer one', () => {
  const queue = new StepQueue<number, string>();
  for (let step = 0; step < 4; step += 1) queue.add(of('prompt', asPeerId('honest')), step);
  for (const sessionId of ['a', 'b', 'b', 'b', 'c']) queue.add(of(sessionId, asPeerId('flood')), 0);
  expect(queue.longest()).toBe('b');
});

test('[SQ7] what is left of a step comes before all others of its session, in its turn', () => {
  const queue = new StepQueue<string, string>();
  for (const step of ['long', 'next']) queue.add(of('a'), step);
  queue.add(of('b'), 'other');
  expect(queue.take()?.step).toBe('long');
  queue.putBack('a', 'rest');
  queue.release('a');
  expect(queue.length).toBe(3);
  const order: string[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) {
    order.push(next.step);
    queue.release(next.sessionId);
  }
  expect(order).toEqual(['other', 'rest', 'next']);
});
