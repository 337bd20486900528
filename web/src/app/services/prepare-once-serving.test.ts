import {expect, test} from 'vitest';
import {Listeners} from '#shared/base/listeners.ts';
import type {LendState} from '../../ports/lend-service.ts';
import {servingState} from '../../ports/testing/serving-state.ts';
import {prepareOnceServing} from './prepare-once-serving.ts';

const SERVING = servingState({startLayer: 0, endLayer: 10});

test('[PG65] a tab reads what an answer needs when it begins to serve, once each time', () => {
  const states = new Listeners<[LendState]>();
  let prepareCount = 0;
  prepareOnceServing({
    chat: {
      ask: () => {
        throw new Error('nobody asks');
      },
      prepare: () => Promise.resolve(void (prepareCount += 1)),
    },
    lendService: {
      subscribe: (listener) => states.add(listener),
      lend: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    },
  });
  states.call({kind: 'idle'});
  expect(prepareCount).toBe(0);
  states.call(SERVING);
  states.call(SERVING);
  expect(prepareCount).toBe(1);
  states.call({kind: 'idle'});
  states.call(SERVING);
  expect(prepareCount).toBe(2);
});
