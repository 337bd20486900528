import {expect, test} from 'vitest';
import {reportedHop} from './reported-hop.ts';

test('[LR10] a chain names the engine of each hop, and its class beside it', () => {
  const classes = ['wasm-f32', 'webgpu-google-swiftshader', 'stub'];
  const hops = classes.map((engine) =>
    reportedHop({node: 'a', startLayer: 0, endLayer: 10, engine}),
  );
  expect(hops.map(({engine}) => engine)).toEqual(['wasm', 'webgpu', 'stub']);
  expect(hops.map(({engineClass}) => engineClass)).toEqual(classes);
});
