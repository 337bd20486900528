import type {VocabularyProgress} from '#shared/client/model/vocabulary.ts';
import type {LendService, LendState} from '../../ports/lend-service.ts';
import type {Services} from './lazy-services.ts';

const WHAT = {
  download: 'Fetches what turns text into tokens',
  build: 'Reads the words that the model knows',
} as const;

/**
 * A tab that serves has neighbours, and can ask over them while no server answers: so it reads what an
 * answer needs as soon as it serves, and not with its first question.
 *
 * @returns the same lending, which says how far that is.
 */
export function prepareOnceServing({
  chat,
  lendService,
}: Pick<Services, 'chat' | 'lendService'>): LendService {
  let wasServing = false;
  let sentence: string | null = null;
  const shown = new Set<() => void>();
  const say = (changed: string | null): void => {
    sentence = changed;
    for (const show of shown) show();
  };
  const prepare = async (): Promise<void> => {
    // What fails is tried again by the question that needs it.
    const preparing = chat.prepare((progress) => {
      say(sentenceOf(progress));
    });
    await preparing.catch(() => undefined);
    say(null);
  };
  lendService.subscribe(({kind}) => {
    const isServing = kind === 'serving';
    if (isServing && !wasServing) void prepare();
    wasServing = isServing;
  });
  return {
    lend: (request) => lendService.lend(request),
    stop: () => lendService.stop(),
    subscribe: (listener) => {
      let last: LendState = {kind: 'idle'};
      const show = (): void => {
        if (last.kind !== 'serving' || sentence === null) listener(last);
        else listener({...last, news: [...last.news, sentence]});
      };
      shown.add(show);
      const unsubscribe = lendService.subscribe((state) => {
        last = state;
        show();
      });
      return () => {
        shown.delete(show);
        unsubscribe();
      };
    },
  };
}

function sentenceOf({step, done, total}: VocabularyProgress): string {
  return `${WHAT[step]}, so that this tab can ask, too: ${Math.floor((100 * done) / total)} %`;
}
