import {expect, test} from 'vitest';
import {asManifestHash} from '#shared/base/ids.ts';
import type {VolunteerEvent} from '#shared/session/hold-layers/volunteer-state.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {tinyManifest} from '#shared/testing/tiny-manifest.ts';
import {loadShard, type LoadedShard} from './shard-loader.ts';
import {ShardShelf} from './shard-shelf.ts';

const SHARD = {startLayer: 0, endLayer: 1, embedding: true, lmHead: false};
const NOW_MS = 7;

/** A shelf for stubs of a tiny model, and what it has reported. */
async function stubShelf() {
  const manifest = await tinyManifest(tinyGguf({seed: 5}), {cutEvery: 1});
  const manifestHash = asManifestHash('ab'.repeat(32));
  const offered = {title: 'tiny', licence: 'Apache-2.0', manifest, manifestHash};
  const model = {...offered, weightsUrl: '', siteUrl: ''};
  const request = {engine: 'stub', capacity: {kind: 'layers', maxLayers: 1}} as const;
  const events: VolunteerEvent[] = [];
  let newest: LoadedShard | null = null;
  const shelf = new ShardShelf({
    load: async (shard, options) => {
      newest = await loadShard(model, shard, request, options);
      return newest;
    },
    tell: (event) => void events.push(event),
    onProgress: () => undefined,
    nowMs: () => NOW_MS,
  });
  return {shelf, events, newest: () => newest};
}

test('[LN5] the loss of a served engine is reported once, with its time, and that of one that was dropped or replaced is not', async () => {
  const {shelf, events} = await stubShelf();
  await shelf.load(1, SHARD);
  const {loaded: first} = shelf.take(1);
  expect(events.splice(0)).toEqual([{kind: 'loaded', epoch: 1}]);
  first.crash();
  expect(events.splice(0)).toEqual([
    {kind: 'engine-lost', message: 'The engine is gone: it crashed', nowMs: NOW_MS},
  ]);
  shelf.drop();
  expect(shelf.served).toBeNull();
  first.crash();
  await shelf.load(2, SHARD);
  const {loaded: second, before} = shelf.take(2);
  expect(before).toBeNull();
  first.crash();
  await shelf.load(3, SHARD);
  expect(shelf.take(3).before).toBe(second);
  second.crash();
  expect(events).toEqual([
    {kind: 'loaded', epoch: 2},
    {kind: 'loaded', epoch: 3},
  ]);
});

test('[LN5] an engine that is lost beside the served one is a load that failed, and nothing once it was discarded', async () => {
  const {shelf, events, newest} = await stubShelf();
  await shelf.load(1, SHARD);
  const {loaded: served} = shelf.take(1);
  await shelf.load(2, SHARD);
  events.length = 0;
  newest()?.crash();
  const message = 'The engine is gone: it crashed';
  expect(events.splice(0)).toEqual([
    {kind: 'load-failed', epoch: 2, code: 'ENGINE_LOST', message, nowMs: NOW_MS},
  ]);
  shelf.discard(2, 'it is not wanted any more');
  newest()?.crash();
  expect([events, shelf.served]).toEqual([[], served]);
});
