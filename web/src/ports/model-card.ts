/** What the page says about the model before anything of it is downloaded. */
export interface ModelService {
  /**
   * Reads the site's catalogue and the model's manifest, some tens of kilobytes.
   *
   * @throws {Error} whose message is a sentence for the reader.
   */
  describe(): Promise<ModelCard>;
}

export type ModelCard = {
  readonly title: string;
  readonly licence: string;
  readonly layerCount: number;
  /** Why nobody can chat with it, for people: it takes token ids only. `null`: anybody can. */
  readonly cannotChat: string | null;
  /** What a tab can lend, least first; the last one is the whole model. */
  readonly choices: readonly LendChoice[];
};

/** One size of the part that a tab lends. */
export type LendChoice = {
  /** At most; a tab never holds more layers than this. */
  readonly layerCount: number;
  /** The memory that this many layers need, wherever in the model they are. */
  readonly memoryMiB: number;
  /** Download for the cheapest and for the dearest place in the model; there with the vocabulary. */
  readonly minDownloadBytes: number;
  readonly maxDownloadBytes: number;
};

/** The choice that a memory budget pays for; the least one when it pays for none. */
export function choiceWithin({choices}: ModelCard, memoryMiB: number): LendChoice | null {
  return choices.findLast((choice) => choice.memoryMiB <= memoryMiB) ?? choices[0] ?? null;
}

/** The choice of a tab that says how many layers it holds. */
export function choiceOfLayers({choices}: ModelCard, maxLayers: number): LendChoice | null {
  return choices.findLast((choice) => choice.layerCount <= maxLayers) ?? choices[0] ?? null;
}
