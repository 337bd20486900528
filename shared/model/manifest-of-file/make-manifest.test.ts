import {expect, test} from 'vitest';
import {openModelFile} from '#shared/testing/model-file.ts';
import {sha256} from '#shared/testing/sha256.ts';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import catalogJson from '../../../public/catalog/catalog.json' with {type: 'json'};
import shipped from '../../../public/catalog/smollm2-135m-instruct.manifest.json' with {type: 'json'};
import {memoryByteSource} from '../byte-source.ts';
import {catalogSchema} from '../manifest/catalog.ts';
import {parseGguf} from '../gguf/parse-gguf.ts';
import {hashManifest} from '../manifest/hash-manifest.ts';
import {makeManifest} from './make-manifest.ts';
import type {Manifest} from '../manifest/manifest.ts';
import {parseManifest} from '../manifest/parse-manifest.ts';

test('[MD2] the shipped manifest is what the model file gives, and the catalogue names its hash', async () => {
  const source = await openModelFile();
  const manifest = await makeManifest({
    id: 'smollm2-135m-instruct',
    cutEvery: 5,
    prompts: 'chat',
    gguf: await parseGguf(source),
    source,
    fileSha256: await sha256(await source.read(0, source.byteLength)),
    sha256,
  });
  const {golden, ...described} = parseManifest(shipped);
  expect(described).toEqual(manifest);
  expect(golden).toMatch(/^[0-9a-f]{64}$/u);
  const [entry] = catalogSchema.parse(catalogJson);
  expect(entry).toMatchObject({
    id: manifest.id,
    family: manifest.family,
    manifestHash: await hashManifest(parseManifest(shipped), sha256),
    byteLength: manifest.file.byteLength,
    sha256: manifest.file.sha256,
  });
});

test('[MD2] SmolLM2 is described as it is', () => {
  const {spec, header, tensors} = parseManifest(shipped);
  expect(spec).toEqual({
    architecture: 'llama',
    layerCount: 30,
    hiddenSize: 576,
    feedForwardSize: 1536,
    headCount: 9,
    kvHeadCount: 3,
    headSize: 64,
    vocabularySize: 49_152,
    contextTokens: 8192,
    ropeBase: 100_000,
    ropeInterleaved: true,
    normEpsilon: Math.fround(1e-5),
    tiedEmbedding: true,
    endTokenIds: [0, 2],
  });
  expect(header.byteLength).toBe(1_785_664);
  const countOf = (dtype: string) => tensors.filter((tensor) => tensor.dtype === dtype).length;
  expect(['Q4_1', 'Q8_0', 'F32'].map(countOf)).toEqual([210, 1, 61]);
});

test('[MD2] the hash is of the content, not of the layout, and any change moves it', async () => {
  const manifest = parseManifest(shipped);
  const reordered = parseManifest(Object.fromEntries(Object.entries(shipped).toReversed()));
  const hash = await hashManifest(manifest, sha256);
  expect(await hashManifest(reordered, sha256)).toBe(hash);
  expect(await hashManifest({...manifest, cutEvery: 10}, sha256)).not.toBe(hash);
});

async function tinyManifest(seed: number): Promise<{bytes: Uint8Array; manifest: Manifest}> {
  const bytes = tinyGguf({seed});
  const source = memoryByteSource(bytes);
  const manifest = await makeManifest({
    id: 'tiny',
    cutEvery: 2,
    prompts: 'chat',
    gguf: await parseGguf(source),
    source,
    fileSha256: await sha256(bytes),
    sha256,
  });
  return {bytes, manifest};
}

test('[MD2] a tiny file goes the same way, and each tensor lies where its hash says', async () => {
  const {bytes, manifest} = await tinyManifest(7);
  expect(manifest).toMatchObject({family: 'tiny', spec: {layerCount: 4, headSize: 16}});
  for (const {offsetBytes, byteLength, sha256: expected} of manifest.tensors) {
    expect(await sha256(bytes.subarray(offsetBytes, offsetBytes + byteLength))).toBe(expected);
  }
  expect(await sha256(bytes.subarray(0, manifest.header.byteLength))).toBe(manifest.header.sha256);
});

test('[MD2] a file that is cut inside a tensor has no manifest', async () => {
  const {bytes} = await tinyManifest(7);
  const cut = memoryByteSource(bytes.slice(0, -64));
  const made = makeManifest({
    id: 'cut',
    cutEvery: 2,
    prompts: 'chat',
    gguf: await parseGguf(cut),
    source: cut,
    fileSha256: await sha256('not reached'),
    sha256,
  });
  await expect(made).rejects.toMatchObject({detail: {code: 'MODEL_UNREADABLE'}});
});
