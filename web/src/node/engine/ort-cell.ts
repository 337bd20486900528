import type {InferenceSession, Tensor} from 'onnxruntime-web/wasm';
import type {StoredTensor} from '#shared/model/dequantise/dequantise-rows.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ModelSpec} from '#shared/model/model-spec.ts';
import {EngineError} from './engine-error.ts';
import {buildCellGraph} from './graph/build-cell-graph.ts';
import {CELL_IO} from './graph/cell-io.ts';
import {crossBoundary} from './hidden-state.ts';
import type {CellKv, LayerKv} from './kv-cache.ts';
import type {PieceFeeds} from './ort-piece.ts';
import {createOrtSession, f32Tensor, f32Values} from './ort-session.ts';

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
   * @param feeds of this piece, behind the tokens that `past` holds.
   * @returns the same shape, at the next boundary, and the cache with the piece added.
   * @throws {EngineError} `NOT_FINITE`.
   */
  async run(
    hidden: Float32Array,
    feeds: PieceFeeds,
    past: CellKv,
  ): Promise<{readonly hidden: Float32Array<ArrayBuffer>; readonly kv: CellKv}> {
    const {hiddenSize} = this.#spec;
    const pieceTokens = hidden.length / hiddenSize;
    const tokenCount = past.tokenCount + pieceTokens;
    const outputs = await this.#session.run({
      ...feeds,
      [CELL_IO.hidden]: f32Tensor(hidden, [1, pieceTokens, hiddenSize]),
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

  #layers(): readonly number[] {
    const {startLayer, endLayer} = this.range;
    return Array.from({length: endLayer - startLayer}, (_, at) => startLayer + at);
  }

  #pastFeeds(past: CellKv): Readonly<Record<string, Tensor>> {
    const {kvHeadCount, headSize} = this.#spec;
    const shape = [1, kvHeadCount, past.tokenCount, headSize];
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
