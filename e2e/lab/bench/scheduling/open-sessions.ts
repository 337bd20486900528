import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {PeerId} from '#shared/base/ids.ts';
import {
  EMPTY_OVERLAY,
  type ChainHop,
  type PromisedLoad,
  type RouteResult,
} from '#shared/scheduling/routing/chain.ts';
import {addPromise} from '#shared/scheduling/routing/load/promised-load.ts';
import type {RoutingHeuristic} from '#shared/lab/routing/routing-heuristics.ts';
import {selectChain as ours} from '#shared/scheduling/routing/select/select-chain.ts';
import type {SwarmSnapshot} from '#shared/scheduling/swarm-snapshot.ts';
import {percentile} from '../../../load/report/percentile.ts';

type Load = ReadonlyMap<PeerId, PromisedLoad>;

export type OpenSessionsInput = {
  readonly snapshot: SwarmSnapshot;
  readonly model: CutGrid;
  readonly requests: number;
  readonly seed: number;
  /** Clients that do not talk to each other; requests go round among them. */
  readonly clients: number;
  /** Age of what a client knows of the others' sessions; requests come 100 ms apart. */
  readonly staleMs: number;
  /** Ours, unless another is to be compared. */
  readonly selectChain?: RoutingHeuristic;
};

const ARRIVAL_MS = 100;

/**
 * Opens sessions one after the other, all left open. Each client knows its own
 * promises at once, and the load of everybody else as records showed it
 * `staleMs` ago.
 */
export function openSessions(input: OpenSessionsInput) {
  const {snapshot, model, requests, clients, staleMs} = input;
  const chains: RouteResult[] = [];
  const tookMs: number[] = [];
  const opened: (readonly ChainHop[])[] = [];
  const unseenByClient = Array.from({length: clients}, () => new Map<PeerId, PromisedLoad>());
  const lag = Math.ceil(staleMs / ARRIVAL_MS);
  const seen = new Map<PeerId, PromisedLoad>();
  for (let request = 0; request < requests; request += 1) {
    const client = request % clients;
    const own = unseenByClient[client] ?? new Map<PeerId, PromisedLoad>();
    const visible = request - lag;
    if (visible > 0) {
      const hops = opened[visible - 1] ?? [];
      addPromise(seen, snapshot, {hops, sign: 1});
      const author = unseenByClient[(visible - 1) % clients];
      if (author !== undefined) addPromise(author, snapshot, {hops, sign: -1});
    }
    const promised = merge(seen, own);
    const startedMs = performance.now();
    const result = (input.selectChain ?? ours)({
      snapshot,
      model,
      request: {promptTokens: 1, newTokens: 1, whenFull: 'queue'},
      overlay: {
        ...EMPTY_OVERLAY,
        promised,
        unseenSessions: clients > 1 ? Math.min(lag, request) : 0,
      },
      seed: input.seed * 1_000_003 + request,
    });
    tookMs.push(performance.now() - startedMs);
    const hops = result.kind === 'chain' ? result.hops : [];
    chains.push(result);
    opened.push(hops);
    addPromise(own, snapshot, {hops, sign: 1});
  }
  return {
    chains,
    routeMs: {p50: percentile(tookMs, 50), p99: percentile(tookMs, 99)},
    load: sessionsPerNode(opened),
  };
}

function merge(a: Load, b: Load): Load {
  const sum = new Map(a);
  for (const [nodeId, {sessions, workMsPerToken}] of b) {
    const known = sum.get(nodeId);
    sum.set(nodeId, {
      sessions: sessions + (known?.sessions ?? 0),
      workMsPerToken: workMsPerToken + (known?.workMsPerToken ?? 0),
    });
  }
  return sum;
}

function sessionsPerNode(opened: readonly (readonly ChainHop[])[]): Record<string, number> {
  const load = new Map<string, number>();
  for (const {nodeId} of opened.flat()) load.set(nodeId, (load.get(nodeId) ?? 0) + 1);
  return Object.fromEntries(load);
}
