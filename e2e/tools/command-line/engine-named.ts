import {chooseNamed} from './choose-named.ts';

const ENGINES = {wasm: 'wasm', webgpu: 'webgpu'} as const;

/** @throws {Error} as `chooseNamed` does. */
export function engineNamed(name: string): 'wasm' | 'webgpu' {
  const [engine = 'wasm'] = chooseNamed('engine', ENGINES, [name]);
  return engine;
}
