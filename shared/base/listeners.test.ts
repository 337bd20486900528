import {expect, test} from 'vitest';
import {Listeners} from './listeners.ts';

test('[LI1] each listener is called in order until it leaves, also in the middle of a call', () => {
  const listeners = new Listeners<[number]>();
  const heard: string[] = [];
  const leaveFirst = listeners.add((value) => heard.push(`first ${value}`));
  listeners.add((value) => {
    heard.push(`second ${value}`);
    leaveFirst();
    leaveThird();
  });
  const leaveThird = listeners.add((value) => heard.push(`third ${value}`));
  listeners.call(1);
  listeners.call(2);
  expect(heard).toEqual(['first 1', 'second 1', 'second 2']);
  listeners.clear();
  listeners.call(3);
  expect(heard).toHaveLength(3);
});

test('[LI2] a listener that fails or takes long does not keep the others from their event', async () => {
  const listeners = new Listeners();
  const slow = Promise.withResolvers<void>();
  const heard: string[] = [];
  listeners.add(() => {
    throw new Error('the affair of this listener');
  });
  listeners.add(async () => {
    await slow.promise;
    heard.push('slow');
  });
  listeners.add(() => heard.push('quick'));
  const all = listeners.callAndWait();
  expect(heard).toEqual(['quick']);
  slow.resolve();
  await all;
  expect(heard).toEqual(['quick', 'slow']);
});
