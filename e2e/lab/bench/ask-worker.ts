/// <reference types="node" />
import type {Worker} from 'node:worker_threads';

/**
 * Hands a question to a worker and gives its answer: one at a time per worker.
 * A worker that is busy with long arithmetic leaves this thread free to hear Ctrl-C.
 *
 * @throws what the worker threw, or the reason of `signal`, which ends the worker.
 */
export async function askWorker<Answer>(
  worker: Worker,
  question: unknown,
  {signal}: {readonly signal: AbortSignal},
): Promise<Answer> {
  signal.throwIfAborted();
  const {promise, resolve, reject} = Promise.withResolvers<Answer>();
  const abort = () => {
    void worker.terminate();
    reject(signal.reason);
  };
  signal.addEventListener('abort', abort);
  worker.once('message', resolve);
  worker.once('error', reject);
  // oxlint-disable-next-line unicorn/require-post-message-target-origin -- no window: a worker of Node.
  worker.postMessage(question);
  try {
    return await promise;
  } finally {
    signal.removeEventListener('abort', abort);
    worker.off('message', resolve);
    worker.off('error', reject);
  }
}
