import {assert} from '../../base/assert.ts';
import type {ByteSource} from '../../model/byte-source.ts';
import {cellsOf} from '../../model/cut-grid.ts';
import type {GgufFile} from '../../model/gguf/gguf-file.ts';
import {goldenHidden, goldenTokenIds, goldenTokens} from '../../model/golden/golden-input.ts';
import type {GoldenVectors} from '../../model/golden/golden-vectors.ts';
import {sketchOf, type Sketch} from '../../model/golden/sketch.ts';
import type {LayerRange} from '../../model/layer-range.ts';
import {ModelUnreadableError} from '../../model/model-unreadable-error.ts';
import {showLayers} from '../../model/show-layers.ts';
import {rowCount, type StoredTensor} from '../../model/storage/dequantise-rows.ts';
import {readTurning} from './reference-angles.ts';
import {embed, logitsOf, roundedToWire} from './reference-forward.ts';
import {ReferenceLayer} from './reference-layer.ts';
import {readNumbers, type ReferenceNumbers} from './reference-numbers.ts';
import {decode, placeOf, storedAs, type Matrices} from './reference-tensors.ts';
import {norm, type Matrix} from './vectors.ts';

/** Logits that decide about a token. */
const TOP_LOGITS = 16;
/** Of an LM head that are decoded at once. */
const ROWS_AT_ONCE = 4096;

type Rows = readonly Float64Array[];

/**
 * What an engine must compute of each part of a model, by the outside reference. Reads one layer
 * after the other; multiplies with each weight as often as the golden test has tokens.
 *
 * @param options.contextTokens where the model's context ends.
 * @throws {ModelUnreadableError} when layers give numbers that are not finite.
 */
export async function makeGoldenVectors(
  gguf: GgufFile,
  {
    cutEvery,
    ...file
  }: {
    readonly source: ByteSource;
    readonly contextTokens: number;
    readonly cutEvery: number;
  },
): Promise<GoldenVectors> {
  return await new GoldenMaker(gguf, file).make(cutEvery);
}

/** What one cell must give. */
export async function sketchCell(
  gguf: GgufFile,
  {
    cell,
    ...file
  }: {
    readonly source: ByteSource;
    readonly contextTokens: number;
    readonly cell: LayerRange;
  },
): Promise<Sketch> {
  return await new GoldenMaker(gguf, file).sketch(cell);
}

class GoldenMaker {
  readonly #gguf: GgufFile;
  readonly #source: ByteSource;
  readonly #numbers: ReferenceNumbers;
  readonly #tokenCount: number;

  constructor(
    gguf: GgufFile,
    {source, contextTokens}: {readonly source: ByteSource; readonly contextTokens: number},
  ) {
    this.#gguf = gguf;
    this.#source = source;
    this.#tokenCount = goldenTokens(contextTokens);
    this.#numbers = readNumbers(gguf);
  }

  async sketch(cell: LayerRange): Promise<Sketch> {
    const [behind = []] = await this.#runCell(cell, [this.#madeUp()]);
    return sketchOfRows(behind, cell);
  }

  async make(cutEvery: number): Promise<GoldenVectors> {
    const {layerCount} = this.#numbers;
    const madeUp = this.#madeUp();
    const embedded = await this.#embedTokens();
    const cells: Sketch[] = [];
    let embedding: Sketch | null = null;
    let last: Float64Array | undefined;
    const ranges = cellsOf({layerCount, cutEvery}, {startLayer: 0, endLayer: layerCount});
    for (const range of ranges) {
      const inputs = range.startLayer === 0 ? [madeUp, embedded] : [madeUp];
      const [behind = [], tokensBehind] = await this.#runCell(range, inputs);
      cells.push(sketchOfRows(behind, range));
      if (tokensBehind !== undefined) embedding = sketchOfRows(tokensBehind, range);
      last = behind.at(-1);
    }
    assert(embedding !== null && last !== undefined, 'a model has a cell, and the input a row');
    return {cells, embedding, lmHead: await this.#likeliest(last)};
  }

  /** Several sequences through the layers of a cell, each of which is read once. */
  async #runCell(
    {startLayer, endLayer}: LayerRange,
    inputs: readonly Rows[],
  ): Promise<readonly Rows[]> {
    const numbers = this.#numbers;
    const shared = await this.#decodeAll(turnsAllLayers);
    let sequences = inputs;
    for (let layer = startLayer; layer < endLayer; layer += 1) {
      const turning = readTurning(this.#gguf, numbers, {layer, matrices: shared});
      const matrices = await this.#decodeAll((name) => name.startsWith(`blk.${layer}.`));
      sequences = sequences.map((rows) => {
        const own = new ReferenceLayer({numbers, layer, turning, matrices});
        return rows.map((hidden) => own.next(hidden));
      });
    }
    return sequences.map((rows) => rows.map(roundedToWire));
  }

  #madeUp(): Rows {
    const {hiddenSize} = this.#numbers;
    return rowsOf(goldenHidden(hiddenSize, this.#tokenCount), hiddenSize);
  }

  async #embedTokens(): Promise<Rows> {
    const stored = await this.#read('token_embd.weight');
    assert(stored !== null, 'a model has an embedding');
    return goldenTokenIds(rowCount(stored), this.#tokenCount).map((row) =>
      roundedToWire(embed(this.#numbers, decode(stored, {startRow: row, endRow: row + 1}), 0)),
    );
  }

  async #likeliest(hidden: Float64Array): Promise<GoldenVectors['lmHead']> {
    const gains = await this.#read('output_norm.weight');
    const head = (await this.#read('output.weight')) ?? (await this.#read('token_embd.weight'));
    assert(gains !== null && head !== null, 'a model has a norm and an LM head');
    const normed = norm(hidden, decode(gains), this.#numbers.normEpsilon);
    const logits: number[] = [];
    // A vocabulary may have a matrix of a gigabyte.
    for (let startRow = 0; startRow < rowCount(head); startRow += ROWS_AT_ONCE) {
      const endRow = Math.min(startRow + ROWS_AT_ONCE, rowCount(head));
      logits.push(...logitsOf(this.#numbers, decode(head, {startRow, endRow}), normed));
    }
    const ids = logits.map((_, id) => id);
    const best = ids.toSorted((a, b) => (logits[b] ?? 0) - (logits[a] ?? 0)).slice(0, TOP_LOGITS);
    const most = logits[best[0] ?? 0] ?? 0;
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
    return {
      tokenIds: best,
      logits: best.map((id) => Number((logits[id] ?? 0).toPrecision(7))),
      logSumExp: Number((most + Math.log(sum)).toPrecision(7)),
    };
  }

  async #decodeAll(isWanted: (name: string) => boolean): Promise<Matrices> {
    const matrices = new Map<string, Matrix>();
    // In turn, so that no more is in memory than one tensor as it is stored.
    for (const {name} of this.#gguf.tensors.filter((tensor) => isWanted(tensor.name))) {
      const stored = await this.#read(name);
      if (stored !== null) matrices.set(name, decode(stored));
    }
    return matrices;
  }

  async #read(name: string): Promise<StoredTensor | null> {
    const tensor = this.#gguf.tensors.find((one) => one.name === name);
    if (tensor === undefined) return null;
    return storedAs(tensor, await this.#source.read(...placeOf(tensor)));
  }
}

function turnsAllLayers(name: string): boolean {
  return name.startsWith('rope_');
}

function rowsOf(values: Float32Array, rowLength: number): Rows {
  return Array.from({length: values.length / rowLength}, (_, row) =>
    Float64Array.from(values.subarray(row * rowLength, (row + 1) * rowLength)),
  );
}

function sketchOfRows(rows: Rows, range: LayerRange): Sketch {
  const values = Float32Array.from(rows.flatMap((row) => [...row]));
  if (!values.every(Number.isFinite)) {
    throw new ModelUnreadableError(
      `its layers ${showLayers([range])} give numbers that are not finite`,
    );
  }
  return sketchOf(values);
}
