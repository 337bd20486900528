import type {SessionId} from '#shared/base/ids.ts';
import {
  runStubLayer,
  STUB_LANES,
  stubEmbedding,
  stubTopLogits,
  type StubLayerCache,
} from '#shared/model/stub-model.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import {decodeTokenIds} from '#shared/protocol/frame/token-ids.ts';
import type {Frame} from '#shared/protocol/frame/frame.ts';
import type {StepOutput} from '#shared/session/serve-hop/hop-session/hop-event.ts';
import type {HopTurn} from '#shared/session/serve-hop/hop-machine.ts';
import {sampledTokenOf} from '#shared/session/sample-token.ts';

export const VIRTUAL_VOCABULARY = 32_000;

/** What a session has left in this engine: what its layers remember, and how many positions they have seen. */
type EngineCache = {tokenCount: number; readonly layers: Map<number, StubLayerCache>};

export type VirtualTurn = {
  readonly output: StepOutput;
  /** What the tail sampled, when it did. */
  readonly token: SampledToken | null;
};

/** The engine of a virtual hop: runs the model without weights, so that a wrong cache or a lost step changes the answer. */
export class VirtualEngine {
  readonly #caches = new Map<SessionId, EngineCache>();

  truncate(sessionId: SessionId, position: number): void {
    const cache = this.#caches.get(sessionId);
    if (cache !== undefined) cache.tokenCount = Math.min(cache.tokenCount, position);
  }

  free(sessionId: SessionId): void {
    this.#caches.delete(sessionId);
  }

  /** @throws when it is not at the position that comes next: the machine of the hop has lost count. */
  run({place, frame, output}: HopTurn): VirtualTurn {
    const {sessionId, range, open} = place;
    const cache = this.#caches.get(sessionId) ?? {
      tokenCount: 0,
      layers: new Map<number, StubLayerCache>(),
    };
    this.#caches.set(sessionId, cache);
    if (cache.tokenCount !== frame.position) {
      throw new Error(
        `Broken invariant: position ${frame.position} after ${cache.tokenCount} tokens`,
      );
    }
    const tokens = lanesOf(frame);
    for (let layer = range.startLayer; layer < range.endLayer; layer += 1) {
      const past = cache.layers.get(layer) ?? [];
      cache.layers.set(layer, past);
      tokens.forEach((lanes, i) => {
        runStubLayer(past, {layer, position: frame.position + i}, lanes);
      });
    }
    cache.tokenCount += frame.tokenCount;
    if (output === 'hidden') {
      return {output: {kind: 'hidden', dtype: 'f16', bytes: bytesOf(tokens)}, token: null};
    }
    const last = tokens.at(-1);
    if (output === 'none' || last === undefined) return {output: {kind: 'none'}, token: null};
    const token = sampledTokenOf(stubTopLogits(last, VIRTUAL_VOCABULARY), {
      ...open.sampling,
      position: cache.tokenCount,
    });
    return {output: {kind: 'token', isEnd: false}, token};
  }
}

/** Sixteen bytes for each token: hops in virtual time look at no payload. */
function bytesOf(tokens: readonly Uint32Array[]): Uint8Array {
  const lanes = Uint16Array.from(tokens.flatMap((token) => [...token]));
  return new Uint8Array(lanes.buffer);
}

function lanesOf({kind, payload, tokenCount}: Frame): readonly Uint32Array[] {
  if (kind === 'tokens') return Array.from(decodeTokenIds(payload), stubEmbedding);
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  return Array.from({length: tokenCount}, (_, token) =>
    Uint32Array.from({length: STUB_LANES}, (__, lane) =>
      view.getUint16((token * STUB_LANES + lane) * 2, true),
    ),
  );
}
