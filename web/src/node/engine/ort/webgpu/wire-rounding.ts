const THREADS = 256;
/** Any number of values is shared out over so many workgroups, which is what every GPU takes. */
const MOST_WORKGROUPS = 65_535;

/** By the bits of f32, as no compiler may round, reorder or fuse integers. */
const WIRE_ROUNDING_SHADER = `
const OVERFLOW = 0x477ff000u;     // 65520
const LEAST_NORMAL = 0x38800000u; // 2^-14
const STEP = 5.9604644775390625e-8f; // 2^-24

@group(0) @binding(0) var<storage, read_write> hidden: array<u32>;

// Below the range of f16 every number is so many steps; the nearest one, ties to even.
fn steps_of(magnitude: u32) -> u32 {
  let exponent = magnitude >> 23u;
  if (exponent < 102u) { return 0u; }
  let significand = (magnitude & 0x7fffffu) | 0x800000u;
  let shift = 126u - exponent;
  let whole = significand >> shift;
  return (significand + (1u << (shift - 1u)) - 1u + (whole & 1u)) >> shift;
}

fn rounded(bits: u32) -> u32 {
  let magnitude = bits & 0x7fffffffu;
  if (magnitude >= OVERFLOW) { return bits; }
  let sign = bits & 0x80000000u;
  if (magnitude < LEAST_NORMAL) {
    return sign | bitcast<u32>(f32(steps_of(magnitude)) * STEP);
  }
  return sign | ((magnitude + 0xfffu + ((magnitude >> 13u) & 1u)) & 0xffffe000u);
}

@compute @workgroup_size(${THREADS})
fn round_all(@builtin(global_invocation_id) id: vec3u, @builtin(num_workgroups) groups: vec3u) {
  for (var at = id.x; at < arrayLength(&hidden); at += groups.x * ${THREADS}u) {
    hidden[at] = rounded(hidden[at]);
  }
}
`;

/** What a boundary does to hidden states (`roundToWire`), to those that stay on the GPU between two cells. */
export class WireRounding {
  readonly #device: GPUDevice;
  readonly #pipeline: GPUComputePipeline;

  private constructor(device: GPUDevice, pipeline: GPUComputePipeline) {
    this.#device = device;
    this.#pipeline = pipeline;
  }

  static async create(device: GPUDevice): Promise<WireRounding> {
    const module = device.createShaderModule({code: WIRE_ROUNDING_SHADER});
    const compute = {module, entryPoint: 'round_all'};
    const pipeline = await device.createComputePipelineAsync({layout: 'auto', compute});
    return new WireRounding(device, pipeline);
  }

  /** Rounds the first f32 values of a buffer in place, before whatever is submitted next. */
  round(buffer: GPUBuffer, valueCount: number): void {
    const size = valueCount * Float32Array.BYTES_PER_ELEMENT;
    const layout = this.#pipeline.getBindGroupLayout(0);
    const entries = [{binding: 0, resource: {buffer, size}}];
    const encoder = this.#device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    pass.setPipeline(this.#pipeline);
    pass.setBindGroup(0, this.#device.createBindGroup({layout, entries}));
    pass.dispatchWorkgroups(Math.min(Math.ceil(valueCount / THREADS), MOST_WORKGROUPS));
    pass.end();
    this.#device.queue.submit([encoder.finish()]);
  }
}
