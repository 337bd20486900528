import {expect, test} from 'vitest';
import {Listeners} from '#shared/base/listeners.ts';
import type {VocabularyProgress} from '#shared/client/model/vocabulary.ts';
import type {LendState} from '../../ports/lend-service.ts';
import {servingState} from '../../ports/testing/serving-state.ts';
import {prepareOnceServing} from './prepare-once-serving.ts';

const SERVING = servingState({startLayer: 0, endLayer: 10});

test('[PG65] [VW4] a tab reads what an answer needs when it begins to serve, once each time, and says how far it is', async () => {
  const states = new Listeners<[LendState]>();
  let prepareCount = 0;
  let progressed: ((progress: VocabularyProgress) => void) | undefined;
  let done = Promise.withResolvers<undefined>();
  const lend = prepareOnceServing({
    chat: {
      ask: () => {
        throw new Error('nobody asks');
      },
      prepare: async (onProgress) => {
        prepareCount += 1;
        progressed = onProgress;
        await done.promise;
      },
    },
    lendService: {
      subscribe: (listener) => states.add(listener),
      lend: () => Promise.resolve(),
      stop: () => Promise.resolve(),
    },
  });
  const news: (readonly string[])[] = [];
  lend.subscribe((state) => void (state.kind === 'serving' && news.push(state.news)));
  states.call({kind: 'idle'});
  expect(prepareCount).toBe(0);
  states.call(SERVING);
  states.call(SERVING);
  expect(prepareCount).toBe(1);
  expect(news.at(-1)).toEqual([]);
  progressed?.({step: 'download', done: 1, total: 3});
  const sentence = 'Fetches what turns text into tokens, so that this tab can ask, too: 33 %';
  expect(news.at(-1)).toEqual([sentence]);
  states.call(SERVING);
  expect(news.at(-1)).toEqual([sentence]);
  done.resolve(undefined);
  await new Promise((resolve) => void setImmediate(resolve));
  expect(news.at(-1)).toEqual([]);
  done = Promise.withResolvers();
  states.call({kind: 'idle'});
  states.call(SERVING);
  expect(prepareCount).toBe(2);
});
