import type {PeerId} from '#shared/base/ids.ts';
import type {LayerSpan, MissingLayers} from '../scheduling-event.ts';

/** One hop of a chain: the layers that one node runs for one answer. */
export type ChainHop = LayerSpan & {readonly nodeId: PeerId};

/** What is asked for. */
export type RouteRequest = {
  readonly promptTokens: number;
  readonly newTokens: number;
  /** What one token of the prompt takes on a link; by default nothing. */
  readonly hiddenStateBytes?: number;
  /**
   * Whether a node with all its session slots or KV tokens taken is left out
   * (`refuse`), or only looks as busy as it is (`queue`: a planner's question).
   */
  readonly whenFull: 'refuse' | 'queue';
};

/** What this client promised to a node, beyond what the node's record counts; its work is what the sessions add. */
export type PromisedLoad = {readonly sessions: number; readonly workMsPerToken: number};

/** Parts of what nodes say of themselves, 0 to 1: as much counts, the rest as of an ordinary node. */
export type RouteTrust = {
  readonly earned: ReadonlyMap<PeerId, number>;
  /** Of nodes that are not in it. */
  readonly ofStrangers: number;
};

/** Why a client does without a node, as layers are missing that only it serves. */
export type AvoidedWhy = Extract<
  MissingLayers['why'],
  'full' | 'silent' | 'unreachable' | 'distrusted'
>;

/** What one client knows beside the snapshot. */
export type RouteOverlay = {
  /** Peers that are in no chain. */
  readonly avoided: ReadonlyMap<PeerId, AvoidedWhy>;
  /** Peers that failed this client lately: asked where no chain does without them. */
  readonly shunned: ReadonlySet<PeerId>;
  /** Peers that have to show first that they are as good as they say: the same, but before those that failed. */
  readonly restrained: ReadonlySet<PeerId>;
  /** How much of what nodes say of themselves counts; `null`: all of it. */
  readonly trust: RouteTrust | null;
  readonly promised: ReadonlyMap<PeerId, PromisedLoad>;
  /** One decode step of one layer, as this client saw it; replaces what the node says. */
  readonly observedMsPerLayer: ReadonlyMap<PeerId, number>;
  /**
   * About how many sessions other clients have opened that no record shows yet.
   * All clients see the same idle nodes; a private guess where those
   * sessions went keeps them from going to the same ones.
   */
  readonly unseenSessions: number;
};

export const EMPTY_OVERLAY: RouteOverlay = {
  avoided: new Map(),
  shunned: new Set(),
  restrained: new Set(),
  trust: null,
  promised: new Map(),
  observedMsPerLayer: new Map(),
  unseenSessions: 0,
};

export type Chain = {
  readonly kind: 'chain';
  readonly hops: readonly ChainHop[];
  /** One decode step with nobody else there: hops, links, and the link from tail to head. */
  readonly stepMs: number;
  /**
   * The same with the load that the snapshot and the overlay know of, and with the prompt's way
   * over the links, spread over the tokens of the answer.
   */
  readonly loadedStepMs: number;
  /** How many chains were near enough to the best to be chosen instead. */
  readonly nearEqual: number;
};

/** Nobody, or nobody who may, serves these layers: an ordinary outcome under churn. */
export type RouteGap = {readonly kind: 'gap'; readonly missing: readonly MissingLayers[]};

export type RouteResult = Chain | RouteGap;
