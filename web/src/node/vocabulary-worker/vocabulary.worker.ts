import {serveVocabulary} from '#shared/client/vocabulary/serve-vocabulary.ts';
import type {VocabularyRequest} from '#shared/client/vocabulary/vocabulary-messages.ts';

const replyTo = serveVocabulary((reply) => {
  postMessage(reply);
});

addEventListener(
  'message',
  ({data}: MessageEvent<VocabularyRequest>) =>
    void replyTo(data).then((reply) => postMessage(reply)),
);
