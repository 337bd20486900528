const sentences = new Intl.Segmenter('en', {granularity: 'sentence'});
/** A longer sentence is spoken before it is over. */
const MAX_OPEN_CHARACTERS = 1_000;
/** Older ones are of no more use. */
const MAX_ANNOUNCEMENTS = 100;

/** One or more sentences, spoken once. */
export type Announcement = {readonly id: number; readonly text: string};

/**
 * An answer that grows as a screen reader speaks it: sentences that are over, and the rest only
 * when the answer is complete. What was spoken is never read again, so that the work is linear.
 */
export class SpokenSentences {
  #text = '';
  #spokenCharacters = 0;
  #nextId = 0;
  #announcements: readonly Announcement[] = [];

  /** @param text the whole answer so far; one that does not go on from the last is another. */
  update(text: string, {isComplete}: {readonly isComplete: boolean}): readonly Announcement[] {
    if (!text.startsWith(this.#text)) {
      this.#spokenCharacters = 0;
      this.#announcements = [];
    }
    this.#text = text;
    const open = text.slice(this.#spokenCharacters);
    const spoken = isComplete ? open : open.slice(0, startOfLast(open));
    this.#spokenCharacters += spoken.length;
    if (spoken.trim() !== '') this.#announce(spoken.trim());
    return this.#announcements;
  }

  #announce(text: string): void {
    const all = [...this.#announcements, {id: this.#nextId, text}];
    this.#announcements = all.slice(-MAX_ANNOUNCEMENTS);
    this.#nextId += 1;
  }
}

/** Where the sentence begins that may still go on. */
function startOfLast(text: string): number {
  let start = 0;
  for (const {index} of sentences.segment(text)) start = index;
  return text.length - start > MAX_OPEN_CHARACTERS ? text.length : start;
}
