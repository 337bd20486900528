import {once} from 'node:events';

/** Never resolves; rejects with the signal's reason. For races. */
export async function rejectedBy(signal: AbortSignal): Promise<never> {
  if (!signal.aborted) await once(signal, 'abort');
  signal.throwIfAborted();
  throw new Error('Broken invariant: the signal has fired');
}
