import type {ModelSummary} from '#shared/protocol/swarm-summary.ts';

export type {ModelSummary};

/** How many tabs hold each layer, and how many chains they make. */
export type ServedLayers = Pick<ModelSummary, 'layers' | 'chains'>;

/** What is shown of the swarm before this tab is in it. */
export interface SwarmService<Summary = ModelSummary> {
  /**
   * The tabs that serve the model now, by the server's records; `null` when there are none.
   *
   * @throws {Error} when the server does not say.
   */
  read(options: {readonly signal: AbortSignal}): Promise<Summary | null>;
}
