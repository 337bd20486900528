import {expect, test} from 'vitest';
import {lazyServices, type NodeServices} from './lazy-services.ts';

const NEVER_ASKED = (): never => {
  throw new Error('only lending is asked for');
};

/** A node of which only lending does anything: it says that it has joined. */
function nodeThatLends(): NodeServices & {readonly lent: () => number} {
  let lent = 0;
  return {
    startLending: (_request, onState) => {
      lent += 1;
      onState({kind: 'waiting', why: 'it looks for other tabs'});
      return {leave: () => Promise.resolve()};
    },
    chat: {ask: NEVER_ASKED},
    links: {report: NEVER_ASKED},
    lab: {
      prepare: NEVER_ASKED,
      traffic: NEVER_ASKED,
      lendLoad: NEVER_ASKED,
      knownPeers: NEVER_ASKED,
      knownRecords: NEVER_ASKED,
      disturbEngine: NEVER_ASKED,
    },
    lent: () => lent,
  };
}

test('[LN4] a stop while the code is on its way is not lost, and the next lending is the only one', async () => {
  const behind = nodeThatLends();
  const loaded = Promise.withResolvers<NodeServices>();
  const {lendService} = lazyServices(() => loaded.promise, NEVER_ASKED);
  const kinds: string[] = [];
  lendService.subscribe(({kind}) => kinds.push(kind));
  const request = {engine: 'stub', capacity: {kind: 'layers', maxLayers: 10}} as const;
  const first = lendService.lend(request);
  await lendService.stop();
  expect(kinds).toEqual(['idle', 'joining', 'idle']);
  const second = lendService.lend(request);
  loaded.resolve(behind);
  await Promise.all([first, second]);
  expect(behind.lent()).toBe(1);
  expect(kinds.at(-1)).toBe('waiting');
  await lendService.stop();
  expect(kinds.at(-1)).toBe('idle');
});

test('[PG65] what an answer needs is fetched beforehand, without joining; of a tab that has joined, its vocabulary too', async () => {
  const behind = nodeThatLends();
  let loadCount = 0;
  let codeCount = 0;
  let vocabularyCount = 0;
  const lab = {...behind.lab, prepare: () => Promise.resolve(void (vocabularyCount += 1))};
  const {chat, lendService} = lazyServices(
    () => {
      loadCount += 1;
      return Promise.resolve({...behind, lab});
    },
    () => Promise.resolve((codeCount += 1)),
  );
  await chat.prepare();
  expect({loadCount, codeCount, vocabularyCount}).toEqual({
    loadCount: 0,
    codeCount: 1,
    vocabularyCount: 0,
  });
  await lendService.lend({engine: 'stub', capacity: {kind: 'layers', maxLayers: 10}});
  await chat.prepare();
  expect({loadCount, vocabularyCount}).toEqual({loadCount: 1, vocabularyCount: 1});
  await lendService.stop();
});
