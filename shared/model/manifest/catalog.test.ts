import {expect, test} from 'vitest';
import catalogJson from '../../../public/catalog/catalog.json' with {type: 'json'};
import manifestJson from '../../../public/catalog/smollm2-135m-instruct.manifest.json' with {type: 'json'};
import {catalogSchema} from './catalog.ts';

const [entry] = catalogJson;

test.each<[string, unknown]>([
  ['no model', []],
  ['two models of one id', [entry, entry]],
  ['an unknown field', [{...entry, url: 'x'}]],
  ['a hash of the wrong length', [{...entry, sha256: 'ab'}]],
  ['an unknown kind of source', [{...entry, sources: [{kind: 'ftp'}]}]],
])('[MD10] a catalogue with %s is refused', (_, value) => {
  expect(catalogSchema.safeParse(value).success).toBe(false);
});

test('[MD10] the shipped catalogue is in order', () => {
  const sources = catalogSchema.parse(catalogJson).map((model) => model.sources);
  expect(sources.map((list) => list.map((source) => source.kind))).toEqual([['hub', 'pypi']]);
});

test('[MD10] the shipped catalogue counts the layers as the manifest does', () => {
  const [shipped] = catalogSchema.parse(catalogJson);
  expect(shipped?.layerCount).toBe(manifestJson.spec.layerCount);
});
