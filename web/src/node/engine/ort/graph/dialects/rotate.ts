import {CELL_IO} from '../cell-io.ts';
import type {LayerBuilder} from '../layer-builder.ts';
import {rotaryInputsOf} from './rotary-inputs.ts';

/** Turns `heads` heads of each token by its position; as they are in a layer that turns nothing. */
export function rotate(layer: LayerBuilder, input: string, heads: number): string {
  const {ropeSize, ropeInterleaved} = layer.spec;
  const table = rotaryInputsOf(layer);
  if (table === null) return input;
  return layer.graph.node({
    op: 'RotaryEmbedding',
    domain: 'microsoft',
    inputs: [input, CELL_IO.rotaryRows, ...table],
    outputs: [`${input}.rotated`],
    attributes: {
      interleaved: {int: ropeInterleaved ? 1 : 0},
      num_heads: {int: heads},
      ...(ropeSize !== undefined && {rotary_embedding_dim: {int: ropeSize}}),
    },
  });
}
