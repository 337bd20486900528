import {expect, test} from 'vitest';
import shipped from '../../../public/catalog/smollm2-135m-instruct.manifest.json' with {type: 'json'};
import type {Manifest, TensorEntry} from './manifest.ts';
import {parseManifest} from './parse-manifest.ts';

const manifest = parseManifest(shipped);

function withTensor(name: string, change: Partial<TensorEntry>): Manifest {
  const tensors = manifest.tensors.map((entry) =>
    entry.name === name ? {...entry, ...change} : entry,
  );
  return {...manifest, tensors};
}

function without(name: string): readonly TensorEntry[] {
  return manifest.tensors.filter((entry) => entry.name !== name);
}

const norm = 'blk.3.attn_norm.weight';
const [first, second] = manifest.tensors;

test.each<[string, unknown, string]>([
  ['an unknown field', {...manifest, extra: 1}, 'extra'],
  ['another version', {...manifest, manifestVersion: 2}, 'manifestVersion'],
  ['no object', null, ''],
  ['a missing tensor', {...manifest, tensors: without(norm)}, norm],
  ['a tensor twice', {...manifest, tensors: [...manifest.tensors, first]}, first?.name ?? ''],
  ['a tensor of another model', withTensor(norm, {name: 'blk.30.attn_norm.weight'}), 'blk.30'],
  ['a wrong shape', withTensor(norm, {shape: [575]}), norm],
  ['a turned matrix', withTensor('blk.0.ffn_up.weight', {shape: [1536, 576]}), 'ffn_up'],
  ['a wrong length', withTensor(norm, {byteLength: 2300}), norm],
  ['another storage type', withTensor(norm, {dtype: 'F16'}), norm],
  ['an overlap', withTensor(second?.name ?? '', {offsetBytes: first?.offsetBytes ?? 0}), 'overlap'],
  ['a tensor in the header', withTensor(norm, {offsetBytes: 0}), norm],
  ['a tensor behind the end', withTensor(norm, {offsetBytes: manifest.file.byteLength}), norm],
  ['a grid wider than the model', {...manifest, cutEvery: 31}, 'cutEvery'],
  ['heads that cannot be shared', withSpec({kvHeadCount: 2}), 'kvHeadCount'],
  ['an odd head', withSpec({headSize: 63}), 'headSize'],
  ['an odd part of a head that turns', withSpec({ropeSize: 31}), 'ropeSize'],
  ['more that turns than there is of a head', withSpec({ropeSize: 66}), 'ropeSize'],
  ['an end token of nobody', withSpec({endTokenIds: [49_152]}), 'endTokenIds'],
])('[MD4] %s is refused and named', (_, value, named) => {
  expect(() => parseManifest(value)).toThrow(
    expect.objectContaining({
      detail: expect.objectContaining({code: 'MANIFEST_INVALID'}),
      message: expect.stringContaining(named),
    }),
  );
});

function withSpec(change: Partial<Manifest['spec']>): Manifest {
  return {...manifest, spec: {...manifest.spec, ...change}};
}
