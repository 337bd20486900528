import {randomBytes} from 'node:crypto';
import type {Attack} from './attack-plan.ts';
import {dhtMessage, openDhtStream} from './dht-bytes.ts';

const KEY_BYTES = 34;
/** A full buffer is waited for this often. */
const WRITES_AT_ONCE = 50;

/** FIND_NODE after FIND_NODE on one stream, without waiting for any answer. */
export const pipelinedLookups: Attack = async ({nodes, counts, over}) => {
  let tried = 0;
  let taken = 0;
  try {
    const {connection} = await nodes.open({}, {signal: over});
    const {stream, messages} = await openDhtStream(connection, {signal: over});
    stream.addEventListener('message', () => {
      taken += 1;
    });
    while (tried < counts.pipelinedLookups && stream.status === 'open') {
      const writes = Array.from({length: WRITES_AT_ONCE}, () =>
        messages.write(dhtMessage({type: 'find-node', key: randomBytes(KEY_BYTES)}), {
          signal: over,
        }),
      );
      tried += writes.length;
      await Promise.all(writes);
    }
  } catch {
    // The server has ended the stream or the connection: that is its answer.
  }
  return {kind: 'pipelined lookups', tried, taken};
};
