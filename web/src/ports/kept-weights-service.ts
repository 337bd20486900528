/** The weights of one model file that this device keeps. */
export type KeptWeights = {
  readonly fileSha256: string;
  /** `null`: this site does not offer the model any more. */
  readonly title: string | null;
  readonly byteLength: number;
};

/** What lending has left on this device, for the person to see and to delete. */
export interface KeptWeightsService {
  /** Empty also where the browser gives the page no storage. */
  list(): Promise<readonly KeptWeights[]>;
  /** A tab that serves from them goes on: it has them in memory. */
  delete(kept: KeptWeights): Promise<void>;
  /** Asks the browser not to clear them when it runs short of room. */
  persist(): Promise<void>;
}
