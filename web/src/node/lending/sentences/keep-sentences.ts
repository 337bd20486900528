import type {KeepNews} from '../../engine/load-progress.ts';

/** For a person; one of each kind, as parts of a model fail alike. */
export function keepSentences(news: readonly KeepNews[]): readonly string[] {
  return [...new Map(news.map((one) => [one.kind, keepSentence(one)])).values()];
}

function keepSentence(news: KeepNews): string {
  if (news.kind === 'kept-damaged') {
    return `What this device kept of tensor "${news.tensor}" had changed, so it was downloaded again.`;
  }
  return news.why === 'full'
    ? 'The storage of this site is full, so the weights are used from memory, and downloaded again next time.'
    : 'This browser lets the page store nothing, so the weights are downloaded again next time.';
}
