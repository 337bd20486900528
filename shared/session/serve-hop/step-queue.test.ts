import {expect, test} from 'vitest';
import {StepQueue} from './step-queue.ts';

test('[SQ1] sessions take turns, steps of one session keep their order', () => {
  const queue = new StepQueue<number, string>();
  for (const step of [1, 2, 3]) queue.add('long', step);
  queue.add('short', 9);
  const order: number[] = [];
  for (let next = queue.take(); next !== null; next = queue.take()) {
    order.push(next.step);
    queue.release(next.sessionId);
  }
  expect(order).toEqual([1, 9, 2, 3]);
});

test('[SQ2] a session has one step outside at a time', () => {
  const queue = new StepQueue<number, string>();
  queue.add('a', 1);
  queue.add('a', 2);
  expect(queue.take()?.step).toBe(1);
  expect(queue.take()).toBeNull();
  queue.release('a');
  expect(queue.take()?.step).toBe(2);
  expect(queue.length).toBe(0);
});

test('[SQ3] what waits for a dropped session is forgotten and not counted', () => {
  const queue = new StepQueue<number, string>();
  queue.add('a', 1);
  queue.add('b', 2);
  queue.drop('a');
  expect(queue.length).toBe(1);
  expect(queue.take()?.step).toBe(2);
  expect(queue.take()).toBeNull();
});

test('[SQ4] knows which session has the most steps waiting', () => {
  const queue = new StepQueue<number, string>();
  expect(queue.longest()).toBeNull();
  for (const sessionId of ['a', 'b', 'b', 'c']) queue.add(sessionId, 1);
  expect(queue.longest()).toBe('b');
  queue.drop('b');
  expect(queue.longest()).toBe('a');
});
