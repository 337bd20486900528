import type {GgufFile} from '../gguf/gguf-file.ts';
import {fitsGpu, kvBytesPerTokenLayer, type ModelSpec} from '../model-spec.ts';
import {ModelUnreadableError} from '../model-unreadable-error.ts';
import {ModelUnsupportedError, type UnsupportedPart} from '../model-unsupported-error.ts';
import type {EngineBytes} from '../storage/engine-bytes.ts';
import {checkChat} from '../text/chat/check-chat.ts';
import {TextUnsupportedError} from '../text/metadata/text-unsupported-error.ts';
import {engineMemory} from './engine-memory.ts';
import {readModelSpec} from './read-model-spec.ts';
import {readTensorTable, refuseUnreadable} from './read-tensor-table.ts';

/** Something of a file that Weft cannot serve, in words for people. */
type UnsupportedThing = {
  readonly what: string;
  readonly why: string;
  /** What to take or do. */
  readonly instead: string;
};

/** `null` where a GPU does not run the model. */
type InspectedBytes = {readonly wasm: number; readonly webgpu: number | null};

/** What an operator wants to know of a file before offering it. `null`: the file does not say, or not soundly. */
export type Inspection = {
  readonly family: string | null;
  readonly supported: boolean;
  readonly unsupported: readonly UnsupportedThing[];
  readonly layers: number | null;
  /** Bytes of the weights of the largest layer, on each engine. */
  readonly memoryPerLayer: InspectedBytes | null;
  readonly lmHeadBytes: InspectedBytes | null;
  readonly embeddingBytes: number | null;
  readonly kvBytesPerTokenLayer: number | null;
  readonly contextTokens: number | null;
  readonly vocabularySize: number | null;
  /** Storage type → how many tensors have it. */
  readonly storageTypes: Readonly<Record<string, number>>;
  readonly fileBytes: number;
};

/** End tokens and context are parts of a spec that could not be read, and refused with it. */
const SPEC_UNKNOWN = {endTokenIds: [0], contextTokens: Infinity};

/**
 * Lists at once what `makeManifest` would refuse, one thing after the other. No weights are read.
 *
 * @param options.readHeader gives the header, or refuses the file as `parseGguf` does.
 */
export async function inspectFile(options: {
  readonly readHeader: () => Promise<GgufFile>;
  readonly fileByteLength: number;
}): Promise<Inspection> {
  const {readHeader, fileByteLength} = options;
  const unsupported: UnsupportedThing[] = [];
  const note = async <T>(act: () => T | Promise<T>): Promise<T | null> => {
    try {
      return await act();
    } catch (error) {
      unsupported.push(...thingsOf(error));
      return null;
    }
  };
  const gguf = await note(readHeader);
  const spec = gguf && (await note(() => readModelSpec(gguf)));
  const places = spec && (await note(() => readTensorTable(gguf, spec, {fileByteLength})));
  if (gguf && !spec) {
    await note(() => {
      refuseUnreadable(gguf.tensors);
    });
  }
  if (gguf) await note(() => checkChat(gguf.metadata, spec ?? SPEC_UNKNOWN));
  const memory = spec && places && engineMemory(spec, places);
  return {
    family: familyOf(gguf),
    supported: unsupported.length === 0,
    unsupported,
    ...sizesOf(spec),
    memoryPerLayer: memory && bytesOn(spec, memory.layer),
    lmHeadBytes: memory && bytesOn(spec, memory.lmHead),
    embeddingBytes: memory && memory.embeddingBytes,
    storageTypes: storageTypesOf(gguf),
    fileBytes: fileByteLength,
  };
}

function bytesOn(spec: ModelSpec, {wasm, webgpu}: EngineBytes): InspectedBytes {
  return {wasm, webgpu: fitsGpu(spec) ? webgpu : null};
}

function familyOf(gguf: GgufFile | null): string | null {
  const family = gguf?.metadata['general.architecture'];
  return typeof family === 'string' ? family : null;
}

function sizesOf(spec: ModelSpec | null) {
  return {
    layers: spec && spec.layerCount,
    contextTokens: spec && spec.contextTokens,
    vocabularySize: spec && spec.vocabularySize,
    kvBytesPerTokenLayer: spec && kvBytesPerTokenLayer(spec),
  };
}

function storageTypesOf(gguf: GgufFile | null): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const {dtype} of gguf?.tensors ?? []) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  return Object.fromEntries(counts);
}

const REASONS: Readonly<Record<UnsupportedPart, string>> = {
  file: 'only the file of a whole model can be served',
  architecture: 'no graph is known for it',
  'storage type': 'there is no decoder for it',
  tensor: 'the graph has no place for it, and without it the text would be wrong',
  metadata: 'it changes numbers in a way that Weft does not compute',
  'RoPE variant': 'the graph does not turn positions that way',
  'attention variant': 'the graph does not compute it',
};

/** @throws what is none of the refusals of a file. */
function thingsOf(error: unknown): readonly UnsupportedThing[] {
  if (error instanceof ModelUnsupportedError) {
    const {part, found, instead} = error.detail;
    return found.map((each) => ({what: `${part} ${each}`, why: REASONS[part], instead}));
  }
  if (error instanceof ModelUnreadableError) {
    const {reason, instead} = error.detail;
    return [{what: 'file', why: reason, instead}];
  }
  if (error instanceof TextUnsupportedError) {
    const {part, reason} = error.detail;
    return [{what: part, why: reason, instead: 'offer the model for prompts of token ids only'}];
  }
  throw error;
}
