const NAMES: readonly (readonly [prefix: string, name: string])[] = [
  ['webgpu', 'GPU'],
  ['wasm', 'CPU'],
  ['stub', 'stand-in'],
];

/** What an engine, or a class of engines, runs on; its own name where the page knows no better. */
export function formatEngine(engine: string): string {
  return NAMES.find(([prefix]) => engine.startsWith(prefix))?.[1] ?? engine;
}
