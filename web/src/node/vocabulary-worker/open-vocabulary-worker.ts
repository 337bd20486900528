export function openVocabularyWorker(): Worker {
  return new Worker(new URL('vocabulary.worker.ts', import.meta.url), {type: 'module'});
}
