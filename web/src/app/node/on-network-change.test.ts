import {expect, test} from 'vitest';
import {onNetworkChange} from './on-network-change.ts';

test('[PG63] a network that goes, comes back or changes its kind is noticed, a new estimate of its speed is not', () => {
  const page = new EventTarget();
  const connection = Object.assign(new EventTarget(), {type: 'wifi'});
  let count = 0;
  const stop = onNetworkChange(() => (count += 1), {page, connection});
  page.dispatchEvent(new Event('offline'));
  page.dispatchEvent(new Event('online'));
  expect(count).toBe(2);
  connection.dispatchEvent(new Event('change'));
  expect(count).toBe(2);
  connection.type = 'cellular';
  connection.dispatchEvent(new Event('change'));
  connection.dispatchEvent(new Event('change'));
  expect(count).toBe(3);
  stop();
  page.dispatchEvent(new Event('online'));
  connection.type = 'wifi';
  connection.dispatchEvent(new Event('change'));
  expect(count).toBe(3);
});

test('[PG63] a browser that tells nothing of its connection is listened to all the same', () => {
  const page = new EventTarget();
  let count = 0;
  onNetworkChange(() => (count += 1), {page, connection: null});
  page.dispatchEvent(new Event('online'));
  expect(count).toBe(1);
});
