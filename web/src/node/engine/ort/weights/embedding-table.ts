import {assert} from '#shared/base/assert.ts';
import {
  dequantiseRows,
  rowCount,
  rowLength,
  type StoredTensor,
} from '#shared/model/storage/dequantise-rows.ts';
import {badStep} from '../../engine-error.ts';
import {crossBoundary} from '../../hidden-state.ts';

/** Token id → first hidden state. The matrix stays as stored; only the asked rows are expanded. */
export class EmbeddingTable {
  readonly #tensor: StoredTensor;
  readonly #scale: number;

  /** @param scale of every value. */
  constructor(tensor: StoredTensor, scale: number) {
    this.#tensor = tensor;
    this.#scale = scale;
  }

  /**
   * @returns `[tokenIds.length, hiddenSize]`, rounded as boundary 0 asks for.
   * @throws {EngineError} `BAD_STEP` for an id outside the vocabulary.
   */
  embed(tokenIds: Uint32Array): Float32Array<ArrayBuffer> {
    const hiddenSize = rowLength(this.#tensor);
    const hidden = new Float32Array(tokenIds.length * hiddenSize);
    for (const [at, tokenId] of tokenIds.entries()) {
      if (tokenId >= rowCount(this.#tensor)) {
        throw badStep(`Cannot run the step: token id ${tokenId} is not in the vocabulary`);
      }
      const row = hidden.subarray(at * hiddenSize, (at + 1) * hiddenSize);
      dequantiseRows(this.#tensor, {startRow: tokenId, endRow: tokenId + 1}, row);
    }
    if (this.#scale !== 1)
      for (const [at, value] of hidden.entries()) hidden[at] = value * this.#scale;
    assert(crossBoundary(hidden), 'checked weights are finite');
    return hidden;
  }
}
