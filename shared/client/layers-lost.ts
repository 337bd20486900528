import {WeftError} from '../base/errors.ts';
import type {MissingLayers} from '../scheduling/scheduling-event.ts';
import {stoppedAfter} from './generation-failed.ts';
import {showLayers} from '../model/show-layers.ts';

type Detail = {
  readonly code: 'LAYERS_LOST';
  /** Layers that nobody holds or loads, or nobody who answers this client (`silent`) or reaches the other hops (`unreachable`). */
  readonly missing: readonly MissingLayers[];
  readonly tokensShown: number;
};

/** An answer lost a hop, or never reached one, and nobody came who could serve in its place. */
export class LayersLostError extends WeftError<Detail> {
  override readonly name = 'LayersLostError';

  constructor(detail: Omit<Detail, 'code'>, options?: ErrorOptions) {
    super(
      {code: 'LAYERS_LOST', ...detail},
      `${stoppedAfter(detail.tokensShown)}: ${whatIsMissing(detail.missing)}`,
      options,
    );
  }
}

function whatIsMissing(missing: readonly MissingLayers[]): string {
  const silent = missing.filter(({why}) => why === 'silent');
  const apart = missing.filter(({why}) => why === 'unreachable');
  const lost = missing.filter(({why}) => why !== 'silent' && why !== 'unreachable');
  const sentence = [
    ...(lost.length === 0 ? [] : [`a tab was lost, and no other holds layers ${showLayers(lost)}`]),
    ...(silent.length === 0
      ? []
      : [`no tab that holds layers ${showLayers(silent)} answers this device`]),
    ...(apart.length === 0
      ? []
      : [`the tabs that hold layers ${showLayers(apart)} cannot reach others that it needs`]),
  ].join(', and ');
  return `${sentence}; ask again when ${apart.length === 0 ? 'one does' : 'they can'}`;
}
