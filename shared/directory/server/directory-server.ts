import type {Connection, Libp2p, Stream} from '@libp2p/interface';
import {
  DIRECTORY_PROTOCOL,
  DIRECTORY_REQUEST_MAX_BYTES,
  directoryRequestSchema,
} from '../../protocol/directory-message.ts';
import {WeftError} from '../../base/errors.ts';
import {whenPeersLeft} from '../../transport/guard/when-peers-left.ts';
import {DirectoryReader} from './directory-reader.ts';
import {JsonStream} from '../json-stream.ts';
import type {ListedRecords} from './record-store.ts';

/** A tab that loses its connection has this long to come back before others hear of it. */
const GONE_AFTER_MS = 2_000;
const REQUEST_TIMEOUT_MS = 10_000;
const STALL_TIMEOUT_MS = 15_000;
const MAX_STREAMS_PER_CONNECTION = 8;

type Options = {
  readonly libp2p: Libp2p;
  readonly records: ListedRecords;
  /** Asked before each page; resolves when it may go, `false` when it may not. */
  readonly takeTurn?: (connection: Connection) => Promise<boolean>;
  /** Whether an owner that has left is forgotten; always, by default. */
  readonly mayForget?: () => boolean;
  /** One more is sent away. */
  readonly maxReaders?: number;
  /** A reader that has not taken a page by then is dropped. */
  readonly stallTimeoutMs?: number;
};

export type DirectoryServer = {
  readonly readerCount: number;
  close(): Promise<void>;
};

/**
 * The listing of a server, or of a tab for its contacts: tells readers which signed records it holds and
 * pushes every newer one. It decides nothing, and can only omit.
 */
export async function serveDirectory(options: Options): Promise<DirectoryServer> {
  const {libp2p, records, stallTimeoutMs = STALL_TIMEOUT_MS} = options;
  const {mayForget = () => true, maxReaders = Infinity} = options;
  const readers = new Set<DirectoryReader>();
  const stopForgetting = whenPeersLeft(libp2p, {
    afterMs: GONE_AFTER_MS,
    isMissed: (owner) => records.holdsRecordOf(owner.toString()),
    onLeft: (owner) => {
      if (mayForget()) records.forget(owner.toString());
    },
  });
  const unsubscribeStored = records.onStored((sealed) => {
    for (const reader of readers) reader.changed(sealed);
  });
  const unsubscribeDropped = records.onDropped((key) => {
    for (const reader of readers) reader.gone(key);
  });

  const serve = async (stream: Stream, connection: Connection) => {
    const messages = new JsonStream(stream, {maxMessageBytes: DIRECTORY_REQUEST_MAX_BYTES});
    try {
      const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const {prefix} = await messages.read(directoryRequestSchema, {signal: timeout});
      if (stream.status !== 'open') return;
      const takeTurn = async () => (await options.takeTurn?.(connection)) ?? true;
      if (readers.size >= maxReaders) throw tooManyReaders(maxReaders);
      const held = records.list(prefix);
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

function tooManyReaders(maxReaders: number): WeftError {
  return new WeftError(
    {code: 'TOO_MANY_READERS', maxReaders},
    `Cannot list records to one more reader: ${maxReaders} are listening`,
  );
}
