import {WeftError} from '../base/errors.ts';
import type {MissingLayers} from '../scheduling/scheduling-event.ts';
import {stoppedAfter} from './generation-failed.ts';
import {showLayers} from '../model/show-layers.ts';

type Detail = {
  readonly code: 'LAYERS_LOST';
  /** Layers that nobody holds or loads. */
  readonly missing: readonly MissingLayers[];
  readonly tokensShown: number;
};

/** An answer that had begun lost a hop, and nobody came who could go on in its place. */
export class LayersLostError extends WeftError<Detail> {
  override readonly name = 'LayersLostError';

  constructor(detail: Omit<Detail, 'code'>, options?: ErrorOptions) {
    super(
      {code: 'LAYERS_LOST', ...detail},
      `${stoppedAfter(detail.tokensShown)}: a tab was lost, and no other holds layers ${showLayers(detail.missing)}; ask again when one does`,
      options,
    );
  }
}
