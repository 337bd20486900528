import {Listeners} from '../../base/listeners.ts';
import {SharedLoad} from '../../base/shared-load.ts';
import type {Vocabulary, VocabularyProgress} from '../model/vocabulary.ts';

/** One load of a vocabulary for all who want it, each of whom sees how far it is. */
export class VocabularyLoad {
  readonly #loading: SharedLoad<Vocabulary>;
  readonly #listeners = new Listeners<[VocabularyProgress]>();
  #progress: VocabularyProgress | null = null;

  constructor(load: (onProgress: (progress: VocabularyProgress) => void) => Promise<Vocabulary>) {
    this.#loading = new SharedLoad(() =>
      load((progress) => {
        this.#progress = progress;
        this.#listeners.call(progress);
      }).finally(() => {
        this.#progress = null;
      }),
    );
  }

  get(): Promise<Vocabulary> {
    return this.#loading.get();
  }

  /**
   * How far it is, until it is there; what is older than the reader wants is left out.
   *
   * @throws as the load does.
   */
  async *progress(): AsyncGenerator<VocabularyProgress, void, undefined> {
    let changed = Promise.withResolvers<'changed'>();
    const stop = this.#listeners.add(() => {
      changed.resolve('changed');
    });
    const over = this.get().then(() => 'over' as const);
    // Whoever has stopped reading does not hear of it.
    over.catch(() => undefined);
    let newest: VocabularyProgress | null = null;
    try {
      for (;;) {
        if (this.#progress !== null && this.#progress !== newest) {
          newest = this.#progress;
          changed = Promise.withResolvers();
          yield newest;
        } else if ((await Promise.race([over, changed.promise])) === 'over') return;
      }
    } finally {
      stop();
    }
  }
}
