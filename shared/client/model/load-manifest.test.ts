import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {catalogSchema} from '#shared/model/manifest/catalog.ts';
import {PATIENCE} from '../download/patience.ts';
import {
  broken,
  serveScript,
  silent,
  status,
  type Answer,
} from '../download/testing/scripted-server.ts';
import {loadManifest} from './load-manifest.ts';

const catalogFolder = new URL('../../../public/catalog/', import.meta.url);
const json =
  (text: string, type = 'application/json'): Answer =>
  (_, response) =>
    void response.writeHead(200, {'content-type': type}).end(text);
const fileOf = (name: string): Answer => json(readFileSync(new URL(name, catalogFolder), 'utf8'));
const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(name, catalogFolder), 'utf8'));
const catalog = fileOf('catalog.json');
const manifest = fileOf('smollm2-135m-instruct.manifest.json');

const load = async (...answers: readonly Answer[]) => {
  const {url} = await serveScript(...answers);
  const {signal} = new AbortController();
  const patience = {...PATIENCE, firstPauseMs: 1, quietMs: 200, stallMs: 100};
  return await loadManifest(new URL('./', url).href, undefined, {signal, patience});
};

const failing = (detail: object): unknown =>
  expect.objectContaining({detail: expect.objectContaining(detail)});

test('[DN9] catalogue and manifest are tried again as weights are', async () => {
  const {title} = await load(status(503), catalog, broken, status(429), manifest);
  expect(title).toBe('SmolLM2 135M Instruct');
});

test.each<[string, Answer, string]>([
  ['silent', silent, 'stalled'],
  ['gone', status(404), 'refused'],
  ['behind a login', json('<html>', 'text/html; charset=utf-8'), 'login-page'],
  ['cut', json('[{"id":'), 'wrong-bytes'],
])('[DN9] a site that is %s is reported as that', async (_, answer, fault) => {
  await expect(load(answer)).rejects.toThrow(failing({code: 'SITE_UNREACHABLE', fault}));
  await expect(load(catalog, answer)).rejects.toThrow(failing({code: 'SITE_UNREACHABLE', fault}));
});

test('[DN10] a malformed catalogue is reported by its first wrong field, without the words of a schema', async () => {
  const loading = load(json('[{"id": "", "title": 7}]'));
  await expect(loading).rejects.toThrow(failing({code: 'CATALOG_INVALID', path: '0.id'}));
  await expect(loading).rejects.toThrow(
    /^Cannot read the catalogue of this site at "0\.id": reload the page, and tell/u,
  );
});

test('[SS24] [DN11] a model file may have any name, and its address names its hash', async () => {
  const [entry] = catalogSchema.parse(read('catalog.json'));
  const {weightsUrl} = await load(
    json(JSON.stringify([{...entry, fileName: 'a #1?/100%.gguf'}])),
    manifest,
  );
  expect(new URL(weightsUrl).pathname).toBe('/models/a%20%231%3F/100%25.gguf');
  expect(new URL(weightsUrl).search).toBe(`?sha256=${entry?.sha256}`);
});
