/** What the page may ask of the node in this tab. */
export interface LendService {
  /** The state now and on every change, until `unsubscribe`. */
  subscribe(listener: (state: LendState) => void): () => void;
  /** Joins the swarm, takes layers and serves them until `stop`. */
  lend(request: LendRequest): Promise<void>;
  /**
   * Takes no new answers, waits a while for those that run, frees the layers and
   * leaves. A second call while the first one waits ends the wait.
   */
  stop(): Promise<void>;
}

/**
 * `webgpu` takes the CPU where there is no GPU, or none that can be trusted; `best` also
 * where the CPU is faster.
 */
export type EngineKind = 'best' | 'wasm' | 'webgpu' | 'stub';

export type LendRequest = {
  readonly engine: EngineKind;
  /** CPU threads for the layers. By default 1, as on a page that is not isolated. */
  readonly threadCount?: number;
  /** Whether weights stay on this device for the next time; by default they do not. */
  readonly keepsWeights?: boolean;
  /** What this tab can hold: a number of layers, or a memory budget. */
  readonly capacity:
    | {readonly kind: 'layers'; readonly maxLayers: number}
    | {readonly kind: 'memory'; readonly memoryMiB: number};
};

/** How far a shard is, in the order in which a person sees it; weights and graph overlap. */
export type LoadStep = {
  readonly step: 'weights' | 'graph' | 'warm-up';
  readonly done: number;
  readonly total: number;
};

/** Why layers run on the CPU although a GPU was asked for: a code and a sentence. */
export type EngineFallback = {readonly code: string; readonly message: string};

export type HeldLayers = {readonly startLayer: number; readonly endLayer: number};

export type LendState =
  | {readonly kind: 'idle'}
  | {readonly kind: 'joining'}
  /** In the swarm, before phase 1 has decided. */
  | {readonly kind: 'waiting'; readonly why: string}
  /** In the swarm without layers: the others hold all that this tab could. */
  | {readonly kind: 'spare'; readonly why: string}
  /**
   * Its engine stopped, for this reason: another is started, and the layers are chosen and loaded again. `note` says
   * so in a sentence, with what a person can do, as long as the tab lends.
   */
  | {readonly kind: 'restarting'; readonly why: string; readonly note: string}
  /** Says to the others which layers it wants, and listens whether somebody else does. */
  | {readonly kind: 'claiming'; readonly layers: HeldLayers; readonly why: string}
  | (LoadStep & {readonly kind: 'loading'; readonly layers: HeldLayers; readonly why: string})
  | {
      readonly kind: 'serving';
      readonly layers: HeldLayers;
      readonly why: string;
      /** The class of engine that runs them. */
      readonly engine: string;
      /** `null` when they run on what was asked for. */
      readonly engineFallback: EngineFallback | null;
      /** Sentences about the weights on this device, and about its links. */
      readonly news: readonly string[];
      readonly decodeMsPerLayer: number;
      readonly openSessions: number;
      readonly servedTokens: number;
      /** What the engine holds: weights, and the caches of open answers. */
      readonly weightBytes: number;
      readonly kvBytes: number;
      readonly bytesSent: number;
      readonly bytesReceived: number;
      /** Every other tab that it has tried to reach lately was out of reach. */
      readonly isCutOff: boolean;
    }
  /** Out of everybody's plans; answers that began here before come to their end. */
  | {readonly kind: 'leaving'; readonly layers: HeldLayers; readonly openSessions: number}
  | {readonly kind: 'failed'; readonly code: string; readonly message: string};
