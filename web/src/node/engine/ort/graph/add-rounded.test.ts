import {InferenceSession, Tensor, env} from 'onnxruntime-web/wasm';
import {expect, test} from 'vitest';
import {roundToWire} from '#shared/model/storage/format/binary16.ts';
import {f32Values, OrtEngine} from '../ort-engine.ts';
import {addRounded} from './add-rounded.ts';
import {CELL_IO} from './cell-io.ts';
import {GraphBuilder} from './graph-builder.ts';

env.wasm.numThreads = 1;
env.logLevel = 'error';

/** Of f16: the least number with all of its bits. */
const LEAST_NORMAL = 2 ** -14;

test('[GR15] what a cell passes on within a GPU is rounded as the boundary asks for', async () => {
  const values = Float32Array.from({length: 4_096}, (_, at) => {
    const sign = at % 2 === 0 ? 1 : -1;
    return sign * LEAST_NORMAL * 2 ** ((at * 29) / 4_096) * (1 + ((at * 7_919) % 4_099) / 4_099);
  });
  const ort = new OrtEngine({InferenceSession, Tensor, env}, {executionProviders: ['wasm']});
  const graph = new GraphBuilder();
  const hidden = graph.input(CELL_IO.hidden, 'f32', ['batch', 'tokens', values.length]);
  graph.node({op: 'Identity', inputs: [hidden], outputs: [CELL_IO.result]});
  graph.output(CELL_IO.result, 'f32', ['batch', 'tokens', values.length]);
  addRounded(graph, {hiddenSize: values.length});
  const session = await ort.createSession(graph.build('rounded'));
  const outputs = await session.run({[hidden]: ort.f32Tensor(values, [1, 1, values.length])});
  await session.release();
  const rounded = f32Values(outputs, CELL_IO.passedOn);
  expect([...rounded]).toEqual([...values].map(roundToWire));
});
