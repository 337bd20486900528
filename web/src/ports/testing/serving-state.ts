import type {LayerRange} from '#shared/model/layer-range.ts';
import type {LendState} from '../lend-service.ts';

type Serving = Extract<LendState, {readonly kind: 'serving'}>;

/** A tab that serves `layers` and has done nothing yet; a caller names only what differs. */
export function servingState(layers: LayerRange, overrides: Partial<Serving> = {}): Serving {
  return {
    kind: 'serving',
    layers,
    why: '',
    engine: 'wasm-f32',
    engineFallback: null,
    news: [],
    decodeMsPerLayer: 1,
    openSessions: 0,
    servedTokens: 0,
    weightBytes: 0,
    kvBytes: 0,
    bytesSent: 0,
    bytesReceived: 0,
    isCutOff: false,
    ...overrides,
  };
}
