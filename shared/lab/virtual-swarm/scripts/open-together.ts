import type {Plan} from '#shared/scheduling/allocation/plan.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import {nodesOfPool} from './nodes-of-pool.ts';
import {swarmScript, type SwarmScript} from '../swarm-script.ts';

const ARRIVAL_MS = 100;
/** All records have arrived by then. */
const FIRST_MS = 3000;
/** Sessions settle into their rounds, then count. */
const WARM_UP_MS = 5000;
const COUNTED_MS = 20_000;
/** As many as a record can name. */
const MOST_SESSIONS = 4_096;

type OpenTogether = {
  readonly pool: {readonly snapshot: SwarmSnapshot; readonly model: CutGrid};
  readonly plan: Plan;
  readonly sessions: number;
  readonly seed: number;
} & Partial<Pick<SwarmScript, 'chooseChain'>>;

/**
 * Sessions that are opened one after the other and all left open, by clients
 * that do not talk to each other and see records `staleMs` old. Nobody is ever
 * full: what counts is how well the sessions are spread.
 */
export function openByStaleClients(
  asked: OpenTogether & {readonly clients: number; readonly staleMs: number},
): SwarmScript {
  return openTogether(asked, asked.clients, {
    directory: {minDelayMs: asked.staleMs, maxDelayMs: asked.staleMs, lossRate: 0},
  });
}

/** The same by a single client that knows of every session at once. */
export function openByOneWhoKnows(asked: OpenTogether): SwarmScript {
  return openTogether(asked, 1, {publishEveryMs: 0, viewEveryMs: 0});
}

function openTogether(
  {pool, plan, sessions, seed, ...rest}: OpenTogether,
  clients: number,
  knowledge: Partial<SwarmScript>,
): SwarmScript {
  const endless = 1_000_000;
  const openMs = FIRST_MS + sessions * ARRIVAL_MS;
  const nodes = nodesOfPool(pool, plan).map((start) => ({
    ...start,
    facts: {...start.facts, maxSessions: MOST_SESSIONS, kvTokens: MOST_SESSIONS * endless},
  }));
  return swarmScript({
    grid: pool.model,
    contextTokens: 2 * endless,
    seed,
    nodes,
    durationMs: openMs + WARM_UP_MS + COUNTED_MS,
    countFromMs: openMs + WARM_UP_MS,
    placement: {kind: 'fixed'},
    // Sessions that never end show nothing: how well they are spread is asked of those who know the nodes.
    trust: 'given',
    requests: Array.from({length: sessions}, (_, number) => ({
      atMs: FIRST_MS + number * ARRIVAL_MS,
      client: number % clients,
      promptTokens: 1,
      newTokens: endless,
    })),
    ...knowledge,
    ...rest,
  });
}
