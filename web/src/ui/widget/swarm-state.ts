import type {ServedLayers} from '../../ports/swarm-service.ts';
import type {SwarmView} from '../controllers/swarm-controller.ts';
import {runsOfLayers} from '../swarm/runs-of-layers.ts';

/** How often an open widget reads who serves. The strings of the widget say so. */
export const READ_OPEN_EVERY_MS = 10_000;

export type LayerRun = readonly [startLayer: number, endLayer: number];

/** Whether the swarm can answer, by what its server lists. */
export type SwarmState = {
  /** `offline`: the server does not say. */
  readonly state: 'ready' | 'short' | 'offline';
  /** Layers that nobody serves, half-open. */
  readonly missing: readonly LayerRun[];
};

/**
 * Pure.
 *
 * @param layerCount of the model; 0 while not known, and then layers after the last one listed are not missed.
 * @returns `null` before anything was read.
 */
export function swarmStateOf(view: SwarmView<ServedLayers>, layerCount: number): SwarmState | null {
  if (view === 'not-read') return null;
  if (view === 'unknown') return {state: 'offline', missing: []};
  const layers = view?.layers ?? [];
  const runs = runsOfLayers(Math.max(layerCount, layers.length), (at) => (layers[at] ?? 0) === 0);
  const missing = runs.map(({startLayer, endLayer}): LayerRun => [startLayer, endLayer]);
  return {state: (view?.chains ?? 0) > 0 ? 'ready' : 'short', missing};
}
