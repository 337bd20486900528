import {Worker} from 'node:worker_threads';
import type {VocabularyWorker} from '#shared/client/vocabulary/vocabulary-builder.ts';

/** The thread of one vocabulary. It keeps no process alive. */
export function openVocabularyThread(): VocabularyWorker {
  return new VocabularyThread();
}

/** As much of a browser's `Worker` as a vocabulary needs, on a thread of this process. */
class VocabularyThread extends EventTarget implements VocabularyWorker {
  readonly #thread = new Worker(new URL('vocabulary-thread.ts', import.meta.url));

  constructor() {
    super();
    this.#thread.unref();
    this.#thread.on('message', (data: unknown) =>
      this.dispatchEvent(new MessageEvent('message', {data})),
    );
    this.#thread.on('error', () => this.dispatchEvent(new Event('error')));
  }

  postMessage(...[request]: Parameters<VocabularyWorker['postMessage']>): void {
    this.#thread.postMessage(request, []);
  }

  terminate(): void {
    void this.#thread.terminate();
  }
}
