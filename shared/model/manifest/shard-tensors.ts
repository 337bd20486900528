import {assert} from '../../base/assert.ts';
import type {LayerRange} from '../layer-range.ts';
import type {Manifest, TensorEntry} from './manifest.ts';
import {
  type TensorShape,
  embeddingTensors,
  layerTensors,
  lmHeadTensors,
  rotaryTensors,
} from './tensor-layout.ts';

/** The part of a model that one node holds. */
export type ShardShape = {
  readonly range: LayerRange;
  readonly embedding: boolean;
  readonly lmHead: boolean;
};

/** The tensors of layers `[startLayer, endLayer)`, in layer order. */
export function tensorsOfCell(manifest: Manifest, range: LayerRange): readonly TensorEntry[] {
  const shapes: TensorShape[] = [];
  for (let layer = range.startLayer; layer < range.endLayer; layer += 1) {
    shapes.push(...layerTensors(manifest.spec, layer));
  }
  return entriesOf(manifest, shapes);
}

export function tensorsOfEmbedding(manifest: Manifest): readonly TensorEntry[] {
  return entriesOf(manifest, embeddingTensors(manifest.spec));
}

/** Final norm, then the matrix; with tied weights that is the embedding's. */
export function tensorsOfLmHead(manifest: Manifest): readonly TensorEntry[] {
  return entriesOf(manifest, lmHeadTensors(manifest.spec));
}

/** What turns positions, whichever layers a shard has; none for most models. */
export function tensorsOfRotation(manifest: Manifest): readonly TensorEntry[] {
  return entriesOf(manifest, rotaryTensors(manifest.spec));
}

/** All that a node must fetch for a shard, each tensor once. */
export function tensorsOfShard(manifest: Manifest, shard: ShardShape): readonly TensorEntry[] {
  const entries = [
    ...(shard.embedding ? tensorsOfEmbedding(manifest) : []),
    ...tensorsOfRotation(manifest),
    ...tensorsOfCell(manifest, shard.range),
    ...(shard.lmHead ? tensorsOfLmHead(manifest) : []),
  ];
  return [...new Set(entries)];
}

/** Stored size, which is also what is downloaded. */
export function sumByteLength(tensors: readonly TensorEntry[]): number {
  return tensors.reduce((sum, tensor) => sum + tensor.byteLength, 0);
}

function entriesOf(manifest: Manifest, shapes: readonly TensorShape[]): readonly TensorEntry[] {
  const byName = new Map(manifest.tensors.map((tensor) => [tensor.name, tensor]));
  return shapes.map(({name}) => {
    const entry = byName.get(name);
    assert(entry, `a parsed manifest has the tensor ${name}`);
    return entry;
  });
}
