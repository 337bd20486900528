/** What a tab does in the swarm when its page is left, or is back. */
export type PageLife = {
  /** The page is being closed: every connection ends in this very task. */
  readonly leave: () => void;
  /**
   * The page may be back, from the back/forward cache: connections end, because browsers keep
   * no page there that has open ones, and nobody is dialled until `resume`.
   */
  readonly pause: () => void;
  /** The page is back, with all that it held. */
  readonly resume: () => void;
};
