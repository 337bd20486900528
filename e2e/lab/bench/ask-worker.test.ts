import {Worker} from 'node:worker_threads';
import {expect, test} from 'vitest';
import {askWorker} from './ask-worker.ts';

const ECHO = `require('node:worker_threads').parentPort.on('message', function (question) {
  this.postMessage(question);
})`;

test('[BN4] a worker answers one question after the other, and is ended by the signal', async () => {
  const worker = new Worker(ECHO, {eval: true});
  const abort = new AbortController();
  const {signal} = abort;
  for (const question of [1, 2, 3]) {
    expect(await askWorker(worker, question, {signal})).toBe(question);
  }
  abort.abort(new Error('Stopped'));
  await expect(askWorker(worker, 4, {signal})).rejects.toThrow('Stopped');
  await worker.terminate();
});
