/** Engines of one class give the same bits for the same step, in any browser. */
export const ENGINE_CLASS = 'wasm-f32';
export type EngineClass = typeof ENGINE_CLASS;
