import type {ModelSpec} from '#shared/model/model-spec.ts';
import {CELL_IO} from './cell-io.ts';
import type {GraphBuilder} from './graph-builder.ts';

/** `2 ** (24 - 11) + 1`: an f32 has 24 significant bits, an f16 has 11. */
const SPLITTER = 8_193;

/**
 * A cell's result with the significant bits of f16, by operators of f32 alone: what Veltkamp's splitting
 * of a number leaves of it (https://doi.org/10.1007/BF01397083). Each operator is a shader of its own, so no
 * compiler fuses them. Below the range of f16 a few bits more stay,
 * above it as many as within; beyond 4e34 the splitting overflows.
 */
export function addRounded(graph: GraphBuilder, {hiddenSize}: Pick<ModelSpec, 'hiddenSize'>): void {
  const splitter = graph.numbers('splitter', [SPLITTER]);
  const {result, passedOn} = CELL_IO;
  const large = graph.node({op: 'Mul', inputs: [result, splitter], outputs: ['passed_on.large']});
  const rest = graph.node({op: 'Sub', inputs: [result, large], outputs: ['passed_on.rest']});
  graph.node({op: 'Add', inputs: [rest, large], outputs: [passedOn]});
  graph.output(passedOn, 'f32', ['batch', 'tokens', hiddenSize]);
}
