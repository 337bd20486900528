import type {Stream} from '@libp2p/interface';
import {WordReader} from '../frames/frame-wire.ts';

/**
 * The one word that a peer says on a stream; whoever says more loses the stream.
 *
 * Rejects when the stream ends before it.
 */
export async function readWord(stream: Stream): Promise<number> {
  const {promise, resolve, reject} = Promise.withResolvers<number>();
  const words = new WordReader();
  let isRead = false;
  stream.addEventListener('message', ({data}) => {
    for (const bytes of data instanceof Uint8Array ? [data] : data) {
      const {usedBytes, word} = words.push(bytes);
      if (isRead || usedBytes < bytes.byteLength) {
        stream.abort(new Error('The peer says more than one word'));
        return;
      }
      if (word === null) continue;
      isRead = true;
      resolve(word);
    }
  });
  stream.addEventListener('close', ({error}) => {
    reject(error ?? new Error('The peer has ended the stream'));
  });
  return await promise;
}
