import type {ModelSummary} from '#shared/protocol/swarm-summary.ts';

export type {ModelSummary};

/** What the page shows of the swarm before this tab is in it. */
export interface SwarmService {
  /**
   * The tabs that serve the page's model now, by the server's records; `null` when there are none.
   *
   * @throws {Error} when the server does not say.
   */
  read(options: {readonly signal: AbortSignal}): Promise<ModelSummary | null>;
}
