import type {ServedLayers} from '../../ports/swarm-service.ts';
import {readJson} from './read-json.ts';

/** No model has so many layers, and no swarm so many chains. */
const MOST = 2 ** 20;

/**
 * How far a model is served, as the server lists it; `null`: nobody is there. By hand, since a
 * library for schemas is larger than all else that a visitor downloads who never asks.
 *
 * @throws {Error} when the server does not say.
 */
export async function readServedLayers(
  serverUrl: string,
  manifestHash: string,
  options: {readonly signal: AbortSignal},
): Promise<ServedLayers | null> {
  const summary = await readJson(new URL('api/swarm', serverUrl), options);
  if (!isListOf(summary, 'models')) throw new Error('The server lists no models');
  const model = summary.models.find((listed) => isModel(listed, manifestHash));
  if (model === undefined) return null;
  if (!isServedLayers(model)) throw new Error('The server lists a model without its layers');
  return {layers: model.layers, chains: model.chains};
}

function isListOf<Name extends string>(
  value: unknown,
  name: Name,
): value is Readonly<Record<Name, readonly unknown[]>> {
  return (
    typeof value === 'object' &&
    value !== null &&
    name in value &&
    Array.isArray(Reflect.get(value, name))
  );
}

function isModel(value: unknown, manifestHash: string): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    'manifestHash' in value &&
    value.manifestHash === manifestHash
  );
}

function isServedLayers(value: unknown): value is ServedLayers {
  return (
    isListOf(value, 'layers') &&
    value.layers.every(isCount) &&
    'chains' in value &&
    isCount(value.chains)
  );
}

function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && Number(value) >= 0 && Number(value) <= MOST;
}
