/// <reference types="node" />
import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import shipped from '../../../public/catalog/smollm2-135m-instruct.manifest.json' with {type: 'json'};
import {asManifestHash} from '../../base/ids.ts';
import type {Manifest} from '../../model/manifest/manifest.ts';
import {parseManifest} from '../../model/manifest/parse-manifest.ts';
import {serveScript} from '../download/testing/scripted-server.ts';
import {loadGoldenVectors} from './load-golden-vectors.ts';

const manifest = parseManifest(shipped);
const folder = new URL('../../../public/catalog/golden/', import.meta.url);
const goldenJson = JSON.parse(readFileSync(new URL(`${manifest.golden}.json`, folder), 'utf8'));

async function load(served: unknown, described: Manifest = {...manifest}) {
  const {url, ranges} = await serveScript(
    (_, response) => void response.end(JSON.stringify(served)),
  );
  const offered = {title: '', licence: '', manifest: described, manifestHash: asManifestHash('')};
  const {signal} = new AbortController();
  const golden = await loadGoldenVectors({...offered, weightsUrl: '', siteUrl: url}, {signal});
  return {golden, requests: ranges.length};
}

test('[PE7] golden vectors are those that the manifest names, however their file is laid out', async () => {
  expect((await load(goldenJson)).golden).toEqual(goldenJson);
  const {lmHead, ...rest} = goldenJson;
  expect((await load({lmHead, ...rest})).golden).toEqual(goldenJson);
  const altered = {...goldenJson, lmHead: {...lmHead, logSumExp: lmHead.logSumExp + 1}};
  await expect(load(altered)).rejects.toMatchObject({detail: {code: 'GOLDEN_ALTERED'}});
  await expect(load([])).rejects.toMatchObject({detail: {code: 'MANIFEST_INVALID'}});
});

test('[PE7] of another grid than the model has they are refused, and a manifest without them asks for none', async () => {
  await expect(load(goldenJson, {...manifest, cutEvery: 10})).rejects.toThrow('6 for 3 cells');
  const {golden: _, ...unnamed} = manifest;
  expect(await load(goldenJson, unnamed)).toEqual({golden: null, requests: 0});
});

test('[PE7] they are fetched once: an engine that is lost is tried again while the site is away', async () => {
  const described = {...manifest};
  expect((await load(goldenJson, described)).requests).toBe(1);
  expect(await load('away', described)).toEqual({golden: goldenJson, requests: 0});
});
