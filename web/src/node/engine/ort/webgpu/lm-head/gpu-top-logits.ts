import {assert} from '#shared/base/assert.ts';
import {TOP_LOGITS} from '../../graph/build-lm-head-graph.ts';
import {MAP_READ, READ_USAGE, STORAGE_USAGE} from '../../gpu-usage.ts';
import {CHUNK, TOP_LOGITS_SHADER} from './top-logits-shader.ts';

/** The best of each row, and what all of a row weigh, in parts. */
export type TopOfRows = {
  /** `[rows, TOP_LOGITS]`, best first, equal ones by id; beyond the end of a row what is no value. */
  readonly values: Float32Array;
  readonly ids: Uint32Array;
  /** `[rows, parts, 2]`: the best value of a part, and the sum of the exponentials over it. */
  readonly sums: Float32Array;
};

/** `GPUBufferUsage` copy target and uniform. */
const UNIFORM_USAGE = 0x08 | 0x40;

type Pass = {
  readonly chunks: number;
  readonly rowLength: GPUBuffer;
};
type Buffers = {
  readonly passes: readonly {readonly values: GPUBuffer; readonly ids: GPUBuffer}[];
  readonly sums: GPUBuffer;
  readonly read: GPUBuffer;
};

/**
 * The likeliest tokens of rows of logits that lie on the GPU, in as few passes as there are chunks of chunks:
 * onnxruntime's operator takes one for each step of a sort of the whole vocabulary.
 */
export class GpuTopLogits {
  readonly #device: GPUDevice;
  readonly #first: GPUComputePipeline;
  readonly #next: GPUComputePipeline;
  readonly #passes: readonly Pass[];
  /** By how many rows they have room for. */
  readonly #buffers = new Map<number, Buffers>();

  private constructor(
    device: GPUDevice,
    pipelines: {readonly first: GPUComputePipeline; readonly next: GPUComputePipeline},
    vocabularySize: number,
  ) {
    this.#device = device;
    this.#first = pipelines.first;
    this.#next = pipelines.next;
    this.#passes = passesOf(device, vocabularySize);
  }

  static async create(device: GPUDevice, vocabularySize: number): Promise<GpuTopLogits> {
    const module = device.createShaderModule({code: TOP_LOGITS_SHADER});
    const pipeline = async (entryPoint: string) =>
      device.createComputePipelineAsync({layout: 'auto', compute: {module, entryPoint}});
    const [first, next] = await Promise.all([pipeline('first'), pipeline('next')]);
    return new GpuTopLogits(device, {first, next}, vocabularySize);
  }

  /** @param logits `[rows, vocabularySize]`, which nobody writes meanwhile. */
  async of(logits: GPUBuffer, rows: number): Promise<TopOfRows> {
    const buffers = this.#buffersFor(rows);
    const encoder = this.#device.createCommandEncoder();
    let input: {readonly values: GPUBuffer; readonly ids?: GPUBuffer} = {values: logits};
    for (const [at, {chunks, rowLength}] of this.#passes.entries()) {
      const output = buffers.passes[at];
      assert(output !== undefined, 'each pass has its buffers');
      const pipeline = input.ids === undefined ? this.#first : this.#next;
      const last = input.ids === undefined ? {4: buffers.sums} : {5: input.ids};
      const bound = {0: rowLength, 1: input.values, 2: output.values, 3: output.ids, ...last};
      const pass = encoder.beginComputePass();
      pass.setPipeline(pipeline);
      pass.setBindGroup(0, this.#bind(pipeline, bound));
      pass.dispatchWorkgroups(chunks, rows);
      pass.end();
      input = output;
    }
    const {read, sums} = buffers;
    const topBytes = rows * TOP_LOGITS * Uint32Array.BYTES_PER_ELEMENT;
    const {values, ids} = input;
    assert(ids !== undefined, 'there is a pass');
    encoder.copyBufferToBuffer(values, 0, read, 0, topBytes);
    encoder.copyBufferToBuffer(ids, 0, read, topBytes, topBytes);
    encoder.copyBufferToBuffer(sums, 0, read, 2 * topBytes, sums.size);
    this.#device.queue.submit([encoder.finish()]);
    await read.mapAsync(MAP_READ);
    const bytes = read.getMappedRange().slice(0);
    read.unmap();
    return {
      values: new Float32Array(bytes, 0, rows * TOP_LOGITS),
      ids: new Uint32Array(bytes, topBytes, rows * TOP_LOGITS),
      sums: new Float32Array(bytes, 2 * topBytes),
    };
  }

  #bind(pipeline: GPUComputePipeline, bound: Readonly<Record<number, GPUBuffer>>): GPUBindGroup {
    const entries = Object.entries(bound).map(([binding, buffer]) => ({
      binding: Number(binding),
      resource: {buffer},
    }));
    return this.#device.createBindGroup({layout: pipeline.getBindGroupLayout(0), entries});
  }

  #buffersFor(rows: number): Buffers {
    const known = this.#buffers.get(rows);
    if (known !== undefined) return known;
    const storage = (size: number) => this.#device.createBuffer({size, usage: STORAGE_USAGE});
    const wordBytes = Uint32Array.BYTES_PER_ELEMENT;
    const passes = this.#passes.map(({chunks}) => {
      const size = rows * chunks * TOP_LOGITS * wordBytes;
      return {values: storage(size), ids: storage(size)};
    });
    const sums = storage(2 * rows * (this.#passes[0]?.chunks ?? 0) * wordBytes);
    const size = 2 * rows * TOP_LOGITS * wordBytes + sums.size;
    const read = this.#device.createBuffer({size, usage: READ_USAGE});
    const made = {passes, sums, read};
    this.#buffers.set(rows, made);
    return made;
  }
}

/** Until one chunk is left. */
function passesOf(device: GPUDevice, vocabularySize: number): readonly Pass[] {
  const passes: Pass[] = [];
  for (let length = vocabularySize; ;) {
    const chunks = Math.ceil(length / CHUNK);
    const rowLength = device.createBuffer({size: 4, usage: UNIFORM_USAGE});
    device.queue.writeBuffer(rowLength, 0, Uint32Array.of(length));
    passes.push({chunks, rowLength});
    if (chunks === 1) return passes;
    length = chunks * TOP_LOGITS;
  }
}
