import {parentPort} from 'node:worker_threads';
import {serveVocabulary} from '#shared/client/vocabulary/serve-vocabulary.ts';
import type {VocabularyRequest} from '#shared/client/vocabulary/vocabulary-messages.ts';

const replyTo = serveVocabulary((reply) => {
  parentPort?.postMessage(reply, []);
});

parentPort?.on('message', (request: VocabularyRequest) => {
  void replyTo(request).then((reply) => parentPort?.postMessage(reply, []));
});
