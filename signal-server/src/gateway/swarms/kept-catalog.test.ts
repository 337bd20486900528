import {expect, test} from 'vitest';
import type {Catalog} from '#shared/model/manifest/catalog.ts';
import {KeptCatalog} from './kept-catalog.ts';

/** A site whose catalogue counts how often it was loaded, and that fails where it is asked to. */
function openSite() {
  const site = {loads: 0, isDown: false, nowMs: 0};
  const load = async (): Promise<Catalog> => {
    site.loads += 1;
    if (site.isDown) throw new Error('The site is down');
    return [];
  };
  return {site, catalog: new KeptCatalog(load, () => site.nowMs)};
}

test('[GW16] however many ask, the catalogue is loaded once a second', async () => {
  const {site, catalog} = openSite();
  const crowd = Array.from({length: 30}, async () => catalog.newest());
  expect(new Set(await Promise.all(crowd)).size).toBe(1);
  site.nowMs = 999;
  await catalog.newest();
  expect(site.loads).toBe(1);
  site.nowMs = 1_000;
  await Promise.all([catalog.newest(), catalog.newest()]);
  expect(site.loads).toBe(2);
});

test('[GW16] a catalogue that could not be loaded is loaded again by whoever asks next', async () => {
  const {site, catalog} = openSite();
  site.isDown = true;
  await expect(Promise.all([catalog.newest(), catalog.newest()])).rejects.toThrow(
    'The site is down',
  );
  expect(site.loads).toBe(1);
  site.isDown = false;
  expect(await catalog.newest()).toEqual([]);
});

test('[GW16] a model that is known waits for no load, for a minute, also while the site is down', async () => {
  const {site, catalog} = openSite();
  const first = await catalog.known();
  site.isDown = true;
  site.nowMs = 59_999;
  expect(await catalog.known()).toBe(first);
  expect(site.loads).toBe(2);
  site.nowMs = 60_000;
  await expect(catalog.known()).rejects.toThrow('The site is down');
  site.isDown = false;
  site.nowMs = 61_000;
  const second = await catalog.known();
  site.nowMs = 62_000;
  expect(await catalog.known()).toBe(second);
});
