import type {PeerId} from '#shared/base/ids.ts';
import type {LayerSpan, MissingLayers, SchedulingEvent} from '../scheduling-event.ts';

export type Stage = LayerSpan & {readonly nodeId: PeerId};

/** Stages that cover the model once, each on a node of its own. */
export type Pipeline = {
  readonly stages: readonly Stage[];
  /** One decode step of one session, link from the last stage to the first included. */
  readonly stepMs: number;
};

/** Which node should hold which layers: complete pipelines, then help for them, then what is left. */
export type Plan = {
  readonly pipelines: readonly Pipeline[];
  readonly replicas: readonly Stage[];
  readonly spares: readonly PeerId[];
  /** Layers that nobody would serve: not empty exactly when there is no pipeline and others do not serve all. */
  readonly missing: readonly MissingLayers[];
  readonly events: readonly SchedulingEvent[];
};
