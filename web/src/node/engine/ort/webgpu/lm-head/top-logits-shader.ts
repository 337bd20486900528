import {TOP_LOGITS} from '../../graph/build-lm-head-graph.ts';

/** How many values one workgroup sorts: with their ids they fill the 16 KiB that every GPU has for it. */
export const CHUNK = 2_048;
/** Each passes one value of its chunk on. */
const THREADS = TOP_LOGITS;

/**
 * Sorts each chunk of each row, best first and equal ones by id, and passes on the first `TOP_LOGITS`. `first` takes
 * the row as it is and sums the exponentials of each chunk, over that of its best; `next` takes what chunks passed on.
 */
export const TOP_LOGITS_SHADER = `
const NOBODY = 0xffffffffu;
const LEAST = -3.4e38f;

struct Sum { best: f32, sum: f32 }

@group(0) @binding(0) var<uniform> row_length: u32;
@group(0) @binding(1) var<storage, read> values: array<f32>;
@group(0) @binding(2) var<storage, read_write> top_values: array<f32>;
@group(0) @binding(3) var<storage, read_write> top_ids: array<u32>;
@group(0) @binding(4) var<storage, read_write> sums: array<Sum>;
@group(0) @binding(5) var<storage, read> ids: array<u32>;

var<workgroup> sorted_values: array<f32, ${CHUNK}>;
var<workgroup> sorted_ids: array<u32, ${CHUNK}>;

// The values of a chunk, each with its place in the row.
fn load(thread: u32, chunk: vec3u) {
  for (var at = thread; at < ${CHUNK}u; at += ${THREADS}u) {
    let place = chunk.x * ${CHUNK}u + at;
    sorted_values[at] = LEAST;
    sorted_ids[at] = NOBODY;
    if (place < row_length) {
      sorted_values[at] = values[chunk.y * row_length + place];
      sorted_ids[at] = place;
    }
  }
}

fn put_in_order(a: u32, b: u32) {
  let value_a = sorted_values[a];
  let value_b = sorted_values[b];
  let id_a = sorted_ids[a];
  let id_b = sorted_ids[b];
  if (value_b > value_a || (value_b == value_a && id_b < id_a)) {
    sorted_values[a] = value_b;
    sorted_values[b] = value_a;
    sorted_ids[a] = id_b;
    sorted_ids[b] = id_a;
  }
}

// A bitonic sort: each thread compares four pairs at a time.
fn sort(thread: u32) {
  for (var run = 2u; run <= ${CHUNK}u; run <<= 1u) {
    for (var step = run >> 1u; step > 0u; step >>= 1u) {
      workgroupBarrier();
      for (var pair = thread; pair < ${CHUNK / 2}u; pair += ${THREADS}u) {
        let low = 2u * pair - (pair & (step - 1u));
        let high = low + step;
        if ((low & run) == 0u) { put_in_order(low, high); } else { put_in_order(high, low); }
      }
    }
  }
  workgroupBarrier();
}

fn pass_on(thread: u32, chunk: vec3u, chunks: vec3u) {
  let at = (chunk.y * chunks.x + chunk.x) * ${TOP_LOGITS}u + thread;
  top_values[at] = sorted_values[thread];
  top_ids[at] = sorted_ids[thread];
}

@compute @workgroup_size(${THREADS})
fn first(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) chunk: vec3u,
  @builtin(num_workgroups) chunks: vec3u,
) {
  load(thread, chunk);
  sort(thread);
  pass_on(thread, chunk, chunks);
  let best = sorted_values[0];
  var sum = 0f;
  for (var at = thread; at < ${CHUNK}u; at += ${THREADS}u) {
    if (sorted_ids[at] != NOBODY) { sum += exp(sorted_values[at] - best); }
  }
  workgroupBarrier();
  sorted_values[thread] = sum;
  for (var half = ${THREADS / 2}u; half > 0u; half >>= 1u) {
    workgroupBarrier();
    if (thread < half) { sorted_values[thread] += sorted_values[thread + half]; }
  }
  if (thread == 0u) { sums[chunk.y * chunks.x + chunk.x] = Sum(best, sorted_values[0]); }
}

@compute @workgroup_size(${THREADS})
fn next(
  @builtin(local_invocation_index) thread: u32,
  @builtin(workgroup_id) chunk: vec3u,
  @builtin(num_workgroups) chunks: vec3u,
) {
  load(thread, chunk);
  for (var at = thread; at < ${CHUNK}u; at += ${THREADS}u) {
    let place = sorted_ids[at];
    if (place != NOBODY) { sorted_ids[at] = ids[chunk.y * row_length + place]; }
  }
  sort(thread);
  pass_on(thread, chunk, chunks);
}
`;
