import type {Selectors, Validators} from '@libp2p/kad-dht';
import type {RecordRefusal} from '../../protocol/put-message.ts';
import {PROTOCOL_MAJOR} from '../../protocol/version.ts';
import {
  openRecord,
  peekRecord,
  RECORD_NAMESPACE,
  RecordRefusedError,
} from '../records/signed-record.ts';

/** libp2p protocol of Weft's own DHT: no node of another network joins it. */
export const DHT_PROTOCOL = `/weft/kad/${PROTOCOL_MAJOR}.0.0`;

/** What a DHT node checks before it stores or returns a record; `onRefused` may count. */
export function createValidators(
  now: () => number,
  onRefused?: (code: RecordRefusal) => void,
): Validators {
  return {
    [RECORD_NAMESPACE]: async (key, value) => {
      try {
        await openRecord({key: new TextDecoder().decode(key), value}, now());
      } catch (error) {
        if (error instanceof RecordRefusedError) onRefused?.(error.detail.code);
        throw error;
      }
    },
  };
}

/** Of several records under one key the highest `seq` wins. */
export const recordSelectors: Selectors = {
  [RECORD_NAMESPACE]: (_, values) => {
    const seqs = values.map((value) => peekRecord(value)?.seq ?? -1);
    return seqs.indexOf(Math.max(...seqs));
  },
};
