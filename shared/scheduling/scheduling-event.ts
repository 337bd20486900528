import type {PeerId} from '#shared/base/ids.ts';

/** Half-open range of layers, as events and plans name it. */
export type LayerSpan = {readonly startLayer: number; readonly endLayer: number};

/** Layers that nobody can serve, and the nearest reason. */
export type MissingLayers = LayerSpan & {
  readonly why:
    | 'no-node'
    | 'full'
    | 'too-small'
    /** Whoever serves them refused, or failed this client. */
    | 'distrusted'
    /** Whoever serves them does not answer this client. */
    | 'silent'
    | 'loading'
    /** Those who serve them cannot reach others that a chain needs. */
    | 'unreachable';
  /** No tab is there to serve them, and phase 1 has another take them over. */
  readonly hasHeir?: true;
  /** With `too-small`: places for tokens in the largest cache that serves these layers. */
  readonly mostKvTokens?: number;
};

/** What a planning step considered, and why it chose what it chose: for the swarm page and tests. */
export type SchedulingEvent =
  | {readonly kind: 'grouped'; readonly groups: number; readonly nodes: number}
  /** By capacity alone there can be so many pipelines; Parallax's greedy planner would form `greedyPipelines`. */
  | {
      readonly kind: 'capacity-covered';
      readonly pipelines: number;
      readonly greedyPipelines: number;
    }
  | {
      readonly kind: 'improved';
      readonly steps: number;
      readonly beforeMeanMs: number;
      readonly afterMeanMs: number;
    }
  /** Pipelines slower than `worthMs` would have cost the others more than they are worth. */
  | {readonly kind: 'given-up'; readonly pipelines: number; readonly worthMs: number}
  /** The states of a dynamic programme grew beyond the budget while it looked at so many pipelines. */
  | {readonly kind: 'dp-gave-up'; readonly pipelines: number; readonly stateBudget: number}
  | {readonly kind: 'pipelines-formed'; readonly pipelines: number; readonly meanStepMs: number}
  | (LayerSpan & {readonly kind: 'replica-placed'; readonly nodeId: PeerId; readonly why: string})
  | {readonly kind: 'left-spare'; readonly nodeId: PeerId; readonly why: string}
  | {readonly kind: 'capacity-missing'; readonly missing: readonly MissingLayers[]};
