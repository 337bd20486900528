const sentences = new Intl.Segmenter('en', {granularity: 'sentence'});

/**
 * The sentences of a text that still grows: those that are over, and the last one
 * only when the text is complete. What was returned for a shorter text stays as it is.
 */
export function splitSentences(
  text: string,
  {isComplete}: {readonly isComplete: boolean},
): readonly string[] {
  const parts = Array.from(sentences.segment(text), ({segment}) => segment.trim());
  const finished = isComplete ? parts : parts.slice(0, -1);
  return finished.filter((part) => part !== '');
}
