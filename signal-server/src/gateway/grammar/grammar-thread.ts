import {parentPort} from 'node:worker_threads';
import type {GrammarRequest} from './grammar-messages.ts';
import {serveGrammar} from './serve-grammar.ts';

const replyTo = serveGrammar();

parentPort?.on('message', (request: GrammarRequest) => {
  void replyTo(request).then((reply) => parentPort?.postMessage(reply, []));
});
