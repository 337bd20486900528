import type {PeerId} from '#shared/ids.ts';

/** Half-open range of layers, as events and plans name it. */
export type LayerSpan = {readonly startLayer: number; readonly endLayer: number};

/** Layers that nobody can serve, and the nearest reason. */
export type MissingLayers = LayerSpan & {
  readonly why: 'no-node' | 'full' | 'distrusted' | 'loading' | 'unreachable';
};

/** What a planning step considered, and why it chose what it chose: for the swarm page and tests. */
export type SchedulingEvent =
  | {readonly kind: 'grouped'; readonly groups: number; readonly nodes: number}
  | {readonly kind: 'pipelines-formed'; readonly pipelines: number; readonly meanStepMs: number}
  | {
      readonly kind: 'improved';
      readonly steps: number;
      readonly beforeMeanMs: number;
      readonly afterMeanMs: number;
    }
  | (LayerSpan & {readonly kind: 'replica-placed'; readonly nodeId: PeerId; readonly why: string})
  | {readonly kind: 'left-spare'; readonly nodeId: PeerId; readonly why: string}
  | {readonly kind: 'capacity-missing'; readonly missing: readonly MissingLayers[]};
