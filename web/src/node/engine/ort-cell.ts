import type {InferenceSession, Tensor} from 'onnxruntime-web/wasm';
import type {StoredTensor} from '#shared/model/dequantise/dequantise-rows.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {EngineError} from './engine-error.ts';
import {buildCellGraph, CELL_IO, paddingRows} from './graph/build-cell-graph.ts';
import {crossBoundary} from './hidden-state.ts';
import type {CellKv, LayerKv} from './kv-cache.ts';
import {createOrtSession, f32Tensor, f32Values, i32Tensor} from './ort-session.ts';

/** The layers between two boundaries of the cut grid, in the engine. */
export class OrtCell {
  readonly range: LayerRange;
  readonly #spec: ModelSpec;
  readonly #session: InferenceSession;

  private constructor(spec: ModelSpec, range: LayerRange, session: InferenceSession) {
    this.range = range;
    this.#spec = spec;
    this.#session = session;
  }

  static async create(
    spec: ModelSpec,
    range: LayerRange,
    tensors: ReadonlyMap<string, StoredTensor>,
  ): Promise<OrtCell> {
    return new OrtCell(spec, range, await createOrtSession(buildCellGraph(spec, range, tensors)));
  }

  /**
   * Runs one piece of one session.
   *
   * @param hidden `[tokenCount, hiddenSize]`, from a boundary.
   * @returns the same shape, at the next boundary, and the cache with the piece added.
   * @throws {EngineError} `NOT_FINITE`.
   */
  async run(
    hidden: Float32Array,
    past: CellKv,
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kv: CellKv}> {
    const {hiddenSize} = this.#spec;
    const pieceTokens = hidden.length / hiddenSize;
    const tokenCount = past.tokenCount + pieceTokens;
    const padding = paddingRows(pieceTokens);
    const totalTokens = tokenCount + padding;
    const outputs = await this.#session.run({
      [CELL_IO.hidden]: f32Tensor(hidden, [1, pieceTokens, hiddenSize]),
      [CELL_IO.lastPosition]: i32Tensor([totalTokens - 1], [1]),
      [CELL_IO.totalTokens]: i32Tensor([totalTokens], [1]),
      [CELL_IO.padding]: this.#paddingFeed(padding),
      ...this.#pastFeeds(past),
    });
    const result = f32Values(outputs, CELL_IO.result);
    if (!crossBoundary(result)) throw notFinite(this.range);
    const layers = this.#layers().map((layer) => ({
      key: f32Values(outputs, CELL_IO.presentKey(layer)),
      value: f32Values(outputs, CELL_IO.presentValue(layer)),
    }));
    return {hidden: result, kv: {tokenCount, layers}};
  }

  #paddingFeed(rows: number): Tensor {
    const {headCount, kvHeadCount, headSize} = this.#spec;
    const rowSize = (headCount + 2 * kvHeadCount) * headSize;
    return f32Tensor(new Float32Array(rows * rowSize), [1, rows, rowSize]);
  }

  #layers(): readonly number[] {
    const {startLayer, endLayer} = this.range;
    return Array.from({length: endLayer - startLayer}, (_, at) => startLayer + at);
  }

  #pastFeeds(past: CellKv): Readonly<Record<string, Tensor>> {
    const {kvHeadCount, headSize} = this.#spec;
    // Padding of the run before may lie behind the last token; attention goes by `totalTokens`.
    const heldTokens = (past.layers[0]?.key.length ?? 0) / (kvHeadCount * headSize);
    const shape = [1, kvHeadCount, heldTokens, headSize];
    const nothing: LayerKv = {key: new Float32Array(), value: new Float32Array()};
    const feeds: Record<string, Tensor> = {};
    for (const [at, layer] of this.#layers().entries()) {
      const {key, value} = past.layers[at] ?? nothing;
      feeds[CELL_IO.pastKey(layer)] = f32Tensor(key, shape);
      feeds[CELL_IO.pastValue(layer)] = f32Tensor(value, shape);
    }
    return feeds;
  }
}

function notFinite(cell: LayerRange): EngineError {
  return new EngineError(
    {code: 'NOT_FINITE', cell},
    `Layers ${cell.startLayer} to ${cell.endLayer} gave a value that is not finite`,
  );
}
