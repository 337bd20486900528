/** What a hop on each node costs, by the node's position in the snapshot. */
export type HopCosts = {
  /** Whether the node may serve: `node-states`. */
  readonly state: Uint8Array;
  /** For each layer that it runs. */
  readonly layerMs: Float64Array;
  /** For running any. */
  readonly hopMs: Float64Array;
  /** For sending the prompt on to another node. */
  readonly sendMs: Float64Array;
};
