import type {ChainHop} from '#shared/client/chat/chat-service.ts';

/** A hop as reports name it: `engine` is `wasm`, `webgpu` or `stub`, its class says which bits are equal. */
export type ReportedHop = ChainHop & {readonly engineClass: string};

/** The name of a class begins with its engine: `wasm-f32`, `webgpu-google-swiftshader`. */
export function reportedHop(hop: ChainHop): ReportedHop {
  const [engine = hop.engine] = hop.engine.split('-', 1);
  return {...hop, engine, engineClass: hop.engine};
}
