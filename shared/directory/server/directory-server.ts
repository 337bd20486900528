import type {Connection, Libp2p, Stream} from '@libp2p/interface';
import {
  DIRECTORY_PROTOCOL,
  DIRECTORY_REQUEST_MAX_BYTES,
  directoryRequestSchema,
} from '../../protocol/directory-message.ts';
import {whenPeersLeft} from '../../transport/when-peers-left.ts';
import {DirectoryReader} from './directory-reader.ts';
import {JsonStream} from '../json-stream.ts';
import type {NewestRecordDatastore} from './newest-record-datastore.ts';

/** A tab that loses its connection has this long to come back before others hear of it. */
const GONE_AFTER_MS = 2_000;
const REQUEST_TIMEOUT_MS = 10_000;
const STALL_TIMEOUT_MS = 15_000;
const MAX_STREAMS_PER_CONNECTION = 8;

type Options = {
  readonly libp2p: Libp2p;
  readonly datastore: NewestRecordDatastore;
  /** Asked before each page; resolves when it may go, `false` when it may not. */
  readonly takeTurn?: (connection: Connection) => Promise<boolean>;
  /** A reader that has not taken a page by then is dropped. */
  readonly stallTimeoutMs?: number;
};

export type DirectoryServer = {
  readonly readerCount: number;
  close(): Promise<void>;
};

/**
 * The listing of a DHT server: tells readers which signed records it holds and
 * pushes every newer one. It decides nothing, and can only omit.
 */
export async function serveDirectory(options: Options): Promise<DirectoryServer> {
  const {libp2p, datastore, stallTimeoutMs = STALL_TIMEOUT_MS} = options;
  const readers = new Set<DirectoryReader>();
  const stopForgetting = whenPeersLeft(libp2p, {
    afterMs: GONE_AFTER_MS,
    isMissed: (owner) => datastore.holdsRecordOf(owner.toString()),
    onLeft: (owner) => datastore.forget(owner.toString()),
  });
  const unsubscribeStored = datastore.onStored((sealed) => {
    for (const reader of readers) reader.changed(sealed);
  });
  const unsubscribeDropped = datastore.onDropped((key) => {
    for (const reader of readers) reader.gone(key);
  });

  const serve = async (stream: Stream, connection: Connection) => {
    const messages = new JsonStream(stream, {maxMessageBytes: DIRECTORY_REQUEST_MAX_BYTES});
    try {
      const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const {prefix} = await messages.read(directoryRequestSchema, {signal: timeout});
      if (stream.status !== 'open') return;
      const takeTurn = async () => (await options.takeTurn?.(connection)) ?? true;
      const held = datastore.list(prefix);
      const reader = new DirectoryReader({messages, prefix, held, takeTurn, stallTimeoutMs});
      readers.add(reader);
      stream.addEventListener('close', () => reader.stop(), {once: true});
      await reader.run().finally(() => readers.delete(reader));
    } catch (cause) {
      messages.abort(new Error('Directory reader failed', {cause}));
    }
  };
  await libp2p.handle(DIRECTORY_PROTOCOL, (stream, connection) => void serve(stream, connection), {
    maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
  });

  return {
    get readerCount() {
      return readers.size;
    },
    close: async () => {
      unsubscribeStored();
      unsubscribeDropped();
      stopForgetting();
      for (const reader of readers) reader.stop();
      await libp2p.unhandle(DIRECTORY_PROTOCOL);
    },
  };
}
