import {
  runStubLayer,
  stubEmbedding,
  stubTopLogits,
  type StubLayerCache,
} from '#shared/model/stub-model.ts';
import type {Sampling} from '#shared/protocol/control/open-session.ts';
import {sampleToken} from '#shared/session/sample-token.ts';
import {VIRTUAL_VOCABULARY} from './node/virtual-engine.ts';

/** The first `count` tokens that one undisturbed engine with all layers would give. */
export function expectedTokens({
  promptTokenIds,
  sampling,
  layerCount,
  count,
}: {
  readonly promptTokenIds: readonly number[];
  readonly sampling: Sampling;
  readonly layerCount: number;
  readonly count: number;
}): readonly number[] {
  const caches = Array.from({length: layerCount}, (): StubLayerCache => []);
  const tokenIds = [...promptTokenIds];
  for (let position = 0; tokenIds.length < promptTokenIds.length + count; position += 1) {
    const lanes = stubEmbedding(tokenIds[position] ?? 0);
    for (const [layer, cache] of caches.entries()) runStubLayer(cache, {layer, position}, lanes);
    if (position + 1 < tokenIds.length) continue;
    const top = stubTopLogits(lanes, VIRTUAL_VOCABULARY);
    tokenIds.push(sampleToken(top, {...sampling, position: position + 1}));
  }
  return tokenIds.slice(promptTokenIds.length);
}
