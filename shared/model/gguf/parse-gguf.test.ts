import {GGUFValueType, gguf, serializeGgufMetadata} from '@huggingface/gguf';
import {expect, test} from 'vitest';
import {tinyGguf, tinyVocabulary, type MetadataEntry} from '#shared/testing/tiny-gguf.ts';
import {type ByteSource, memoryByteSource} from '../byte-source.ts';
import {parseGguf} from './parse-gguf.ts';
import {readModelSpec} from '../manifest-of-file/read-model-spec.ts';

const tiny = tinyGguf({seed: 3});
const parse = (bytes: Uint8Array<ArrayBuffer>) => parseGguf(memoryByteSource(bytes));
const metadataWith = async (value: MetadataEntry) =>
  (await parse(tinyGguf({seed: 3, metadata: {'x.key': value}}))).metadata['x.key'];

test('[MD3] metadata and tensors are what another reader of GGUF finds', async () => {
  const file = await parse(tiny);
  const fetch = () => Promise.resolve(new Response(tiny, {status: 206}));
  const theirs = await gguf('https://model.invalid/', {fetch});
  const {version, tensor_count, kv_count, ...metadata} = theirs.metadata;
  expect({version, tensor_count, kv_count}).toEqual({
    version: 3,
    tensor_count: BigInt(file.tensors.length),
    kv_count: BigInt(Object.keys(file.metadata).length),
  });
  expect(file.metadata).toEqual(metadata);
  expect(file.headerByteLength).toBe(Number(theirs.tensorDataOffset));
  expect(file.tensors).toEqual(
    theirs.tensorInfos.map(({name, shape, offset, dtype}) => ({
      name,
      dtype: {0: 'F32', 3: 'Q4_1', 8: 'Q8_0'}[String(dtype)],
      shape: shape.map(Number),
      offsetBytes: file.headerByteLength + Number(offset),
    })),
  );
});

test.each<[keyof typeof GGUFValueType, number | bigint, unknown]>([
  ['UINT8', 255, 255],
  ['INT8', -128, -128],
  ['UINT16', 65_535, 65_535],
  ['INT16', -5, -5],
  ['UINT32', 2 ** 32 - 1, 2 ** 32 - 1],
  ['INT32', -7, -7],
  ['UINT64', 2n, 2],
  ['INT64', -2n, -2],
  ['UINT64', 2n ** 53n, 2n ** 53n],
  ['FLOAT32', 0.5, 0.5],
  ['FLOAT64', 0.1, 0.1],
])('[MD3] a value of type %s is the number %s', async (name, value, expected) => {
  expect(await metadataWith({value, type: GGUFValueType[name]})).toEqual(expected);
});

test.each([1, 32])(
  '[MD3] a vocabulary without weights may end where its metadata do, or be padded (to %s)',
  async (alignment) => {
    const {STRING, UINT32, UINT64} = GGUFValueType;
    const bytes = serializeGgufMetadata(
      {
        version: {value: 3, type: UINT32},
        tensor_count: {value: 0n, type: UINT64},
        kv_count: {value: 1n, type: UINT64},
        'tokenizer.ggml.model': {value: 'gpt2', type: STRING},
      },
      {alignment},
    );
    expect(await parse(bytes.slice())).toMatchObject({
      metadata: {'tokenizer.ggml.model': 'gpt2'},
      tensors: [],
    });
  },
);

test('[MD3] a text keeps its byte order mark', async () => {
  expect(await metadataWith({value: '\uFEFFa', type: GGUFValueType.STRING})).toBe('\uFEFFa');
});

test('[MD3] sizes, ids and types of tokens may have 64 bits', async () => {
  const {UINT64, INT64, ARRAY} = GGUFValueType;
  const plain = await parse(tiny);
  const {types} = tinyVocabulary();
  const wide = tinyGguf({
    seed: 3,
    metadata: {
      'llama.block_count': {value: 4n, type: UINT64},
      'llama.expert_count': {value: 0n, type: UINT64},
      'tokenizer.ggml.eos_token_id': {value: 2n, type: UINT64},
      'tokenizer.ggml.token_type': {value: types.map(BigInt), type: ARRAY, subType: INT64},
    },
  });
  const file = await parse(wide);
  expect(readModelSpec(file)).toEqual(readModelSpec(plain));
  expect(file.metadata['tokenizer.ggml.token_type']).toEqual(types);
});

test.each<[string, number, number | bigint, string]>([
  ['version 1', 4, 1, 'it has version 1 of GGUF, and versions 2 and 3 are read'],
  ['version 4', 4, 4, 'it has version 4 of GGUF'],
  ['another byte order', 4, 3 * 2 ** 24, 'it is big-endian'],
  ['another beginning', 0, 0, 'it is no GGUF file'],
  ['2^60 tensors', 8, 2n ** 60n, `the number of tensors is ${String(2n ** 60n)}`],
  ['a million tensors', 8, 1_000_000n, 'the number of tensors is 1000000; the most'],
  ['2^60 keys', 16, 2n ** 60n, 'the number of metadata keys is'],
  ['a key of 2^60 bytes', 24, 2n ** 60n, 'the length of a metadata key is'],
  ['more keys than there are', 16, 60_000n, 'the length of a metadata key is'],
])('[MD15] %s is refused at once', async (_, at, value, message) => {
  const bytes = tiny.slice();
  const view = new DataView(bytes.buffer);
  if (typeof value === 'bigint') view.setBigUint64(at, value, true);
  else view.setUint32(at, value, true);
  await expect(parse(bytes)).rejects.toThrow(message);
});

test.each([2n ** 60n, 2n ** 63n, 9_000_000n, 7_000_000n])(
  '[MD15] a list that says it has %s values costs nothing',
  async (length) => {
    const name = new TextEncoder().encode('tokenizer.ggml.token_type');
    const bytes = tiny.slice();
    const lengthAt = indexOf(bytes, name) + name.length + 4 + 4;
    new DataView(bytes.buffer).setBigUint64(lengthAt, length, true);
    await expect(parse(bytes)).rejects.toMatchObject({detail: {code: 'MODEL_UNREADABLE'}});
  },
);

test('[MD15] of a file without an end no more is read than a header may have', async () => {
  let readBytes = 0;
  const endless: ByteSource = {
    byteLength: 2 ** 45,
    read: async (start, end) => {
      readBytes += end - start;
      const bytes = new Uint8Array(end - start);
      bytes.set(tiny.subarray(0, 24));
      // A key of ten letters, whose value is a text that goes on and on: 16 MB, the most.
      const view = new DataView(bytes.buffer);
      for (let at = 24; at + 30 < bytes.length; at += 30 + 2 ** 24) {
        view.setBigUint64(at, 10n, true);
        view.setUint32(at + 8, at, true);
        view.setUint32(at + 18, GGUFValueType.STRING, true);
        view.setBigUint64(at + 22, 2n ** 24n, true);
      }
      return bytes;
    },
  };
  await expect(parseGguf(endless)).rejects.toThrow('its header is longer than 134217728 bytes');
  expect(readBytes).toBeLessThan(2 ** 28);
});

test('[MD15] what is there twice, and a list of lists, are refused by name', async () => {
  const twice = tiny.slice();
  const key = new TextEncoder().encode('llama.rope.freq_base');
  const other = new TextEncoder().encode('general.architecture');
  twice.set(other, indexOf(twice, key));
  await expect(parse(twice)).rejects.toThrow('the key "general.architecture" is there twice');
  const tensor = tiny.slice();
  const name = new TextEncoder().encode('blk.0.attn_q.weight');
  tensor.set(name, indexOf(tensor, new TextEncoder().encode('blk.1.attn_q.weight')));
  await expect(parse(tensor)).rejects.toThrow('the tensor "blk.0.attn_q.weight" is there twice');
  const nested = tiny.slice();
  const tokens = new TextEncoder().encode('tokenizer.ggml.merges');
  nested.set([9], indexOf(nested, tokens) + tokens.length + 4);
  await expect(parse(nested)).rejects.toThrow('"tokenizer.ggml.merges" is a list of lists');
});

test.each([0, 3, 2 ** 31])('[MD15] an alignment of %s is refused', async (value) => {
  const metadata = {'general.alignment': {value, type: GGUFValueType.UINT32}};
  await expect(parse(tinyGguf({seed: 3, metadata}))).rejects.toThrow(
    `general.alignment is ${value}, and must be a power of two up to`,
  );
});

function indexOf(bytes: Uint8Array, part: Uint8Array): number {
  for (let at = 0; at + part.length <= bytes.length; at += 1) {
    if (part.every((byte, offset) => bytes[at + offset] === byte)) return at;
  }
  throw new Error('The bytes are not there');
}
