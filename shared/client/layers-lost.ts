import {WeftError} from '../base/errors.ts';
import type {MissingLayers} from '../scheduling/scheduling-event.ts';

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
    const layers = detail.missing
      .map(({startLayer, endLayer}) => `${startLayer}–${endLayer}`)
      .join(', ');
    super(
      {code: 'LAYERS_LOST', ...detail},
      `The answer stopped after ${detail.tokensShown} tokens: a tab was lost, and no other holds layers ${layers}; ask again when one does`,
      options,
    );
  }
}
