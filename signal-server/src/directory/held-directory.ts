import type {Directory} from '#shared/directory/directory.ts';
import type {NewestRecordDatastore} from '#shared/directory/server/newest-record-datastore.ts';
import type {RecordReader} from './record-reader.ts';

type Options = {
  readonly datastore: Pick<NewestRecordDatastore, 'list' | 'onStored' | 'onDropped'>;
  readonly reader: RecordReader;
  /** Of the keys of one model in one swarm. */
  readonly prefix: string;
};

/**
 * The records of one model, for who asks from within this server: those that it holds. What came into
 * the store was verified there, and every tab publishes to each named server, so nobody else is asked.
 */
export function heldDirectory({
  datastore,
  reader,
  prefix,
}: Options): Pick<Directory, 'list' | 'subscribe'> {
  return {
    list: () => ({
      state: 'reachable',
      records: reader
        .live(datastore, prefix)
        .toSorted((one, other) => (one.peerId < other.peerId ? -1 : 1)),
    }),
    subscribe: (listener) => {
      const hear = (key: string): void => {
        if (key.startsWith(prefix)) listener();
      };
      const forget = [datastore.onStored(({key}) => hear(key)), datastore.onDropped(hear)];
      return () => {
        for (const stop of forget) stop();
      };
    },
  };
}
