import {WeftError} from '../base/errors.ts';
import type {MissingLayers} from '../scheduling/scheduling-event.ts';
import {showLayers} from '../model/show-layers.ts';

type Detail = {
  readonly code: 'SWARM_FULL';
  /** Layers whose every holder serves as much as it can. */
  readonly missing: readonly MissingLayers[];
  readonly retryAfterMs: number;
};

/** Every layer has somebody, and for some of them nobody had room in all the time that the request waited. */
export class SwarmFullError extends WeftError<Detail> {
  override readonly name = 'SwarmFullError';

  constructor(detail: Omit<Detail, 'code'>, options?: ErrorOptions) {
    const seconds = Math.max(1, Math.ceil(detail.retryAfterMs / 1_000));
    super(
      {code: 'SWARM_FULL', ...detail},
      `The swarm is full: every tab that holds layers ${showLayers(detail.missing)} serves as many answers as it can; try again in ${seconds} s`,
      options,
    );
  }
}
