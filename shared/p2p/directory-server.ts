import type {Libp2p, PeerId as Libp2pPeerId, Stream} from '@libp2p/interface';
import {asPeerId, type PeerId} from '../ids.ts';
import {
  DIRECTORY_BEAT_MS,
  DIRECTORY_MESSAGE_MAX_BYTES,
  DIRECTORY_PAGE_RECORDS,
  directoryRequestSchema,
  type DirectoryReply,
} from '../protocol/directory-message.ts';
import {toBase64} from './base64.ts';
import {JsonStream} from './json-stream.ts';
import type {NewestRecordDatastore} from './newest-record-datastore.ts';
import type {SealedRecord} from './signed-record.ts';

export const DIRECTORY_PROTOCOL = '/weft/directory/1.0.0';
/** A tab that loses its connection has this long to come back before others hear of it. */
const GONE_AFTER_MS = 2_000;
/** Changes that come closer together than this travel as one message. */
const FLUSH_MS = 20;
const REQUEST_TIMEOUT_MS = 10_000;
const MAX_STREAMS_PER_CONNECTION = 8;

type Options = {readonly libp2p: Libp2p; readonly datastore: NewestRecordDatastore};

/**
 * The listing of a DHT server: tells readers which signed records it holds and
 * pushes every newer one. It decides nothing, and can only omit.
 */
export async function serveDirectory(options: Options): Promise<{close(): Promise<void>}> {
  const {libp2p, datastore} = options;
  const readers = new Set<Reader>();
  const goneTimers = new Set<ReturnType<typeof setTimeout>>();
  const stopping = new AbortController();

  const unsubscribe = datastore.onStored((sealed) => {
    for (const reader of readers) reader.changed(sealed);
  });
  const unsubscribeDropped = datastore.onDropped((key) => {
    for (const reader of readers) reader.gone(key);
  });
  const onDisconnect = ({detail}: CustomEvent<Libp2pPeerId>) => {
    const timer = setTimeout(() => {
      goneTimers.delete(timer);
      if (libp2p.getConnections(detail).length > 0) return;
      datastore.forget(detail.toString());
    }, GONE_AFTER_MS);
    goneTimers.add(timer);
  };
  libp2p.addEventListener('peer:disconnect', onDisconnect);

  const serve = async (stream: Stream) => {
    const messages = new JsonStream(stream, {maxMessageBytes: DIRECTORY_MESSAGE_MAX_BYTES});
    try {
      const timeout = AbortSignal.timeout(REQUEST_TIMEOUT_MS);
      const {prefix} = await messages.read(directoryRequestSchema, {signal: timeout});
      const reader = new Reader(messages, prefix, datastore.list(prefix));
      readers.add(reader);
      stream.addEventListener('close', () => reader.stop());
      stopping.signal.addEventListener('abort', () => reader.stop());
      await reader.run().finally(() => readers.delete(reader));
    } catch (cause) {
      messages.abort(new Error('Directory reader failed', {cause}));
    }
  };
  await libp2p.handle(DIRECTORY_PROTOCOL, (stream) => void serve(stream), {
    maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
  });

  return {
    close: async () => {
      unsubscribe();
      unsubscribeDropped();
      libp2p.removeEventListener('peer:disconnect', onDisconnect);
      for (const timer of goneTimers) clearTimeout(timer);
      stopping.abort();
      await libp2p.unhandle(DIRECTORY_PROTOCOL);
    },
  };
}

/** One reader's stream. What it has not been told yet is kept once per key, so a slow reader costs little. */
class Reader {
  readonly #messages: JsonStream;
  readonly #prefix: string;
  readonly #news = new Map<PeerId, Uint8Array | 'gone'>();
  readonly #stopping = new AbortController();
  #isComplete = false;
  #wake: () => void = () => undefined;

  constructor(messages: JsonStream, prefix: string, held: readonly SealedRecord[]) {
    this.#messages = messages;
    this.#prefix = prefix;
    for (const sealed of held) this.changed(sealed);
  }

  changed({key, value}: SealedRecord): void {
    this.#note(key, value);
  }

  gone(key: string): void {
    this.#note(key, 'gone');
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake();
  }

  /** Resolves when the reader left or the server stops. */
  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      const page = this.#takePage();
      await this.#messages.write(page, {signal: this.#stopping.signal});
      if (this.#news.size === 0) await this.#waitForNews();
    }
    this.#messages.abort(new Error('Directory server stopped serving this reader'));
  }

  #note(key: string, news: Uint8Array | 'gone'): void {
    if (!key.startsWith(this.#prefix)) return;
    this.#news.set(asPeerId(key.slice(this.#prefix.length)), news);
    this.#wake();
  }

  #takePage(): DirectoryReply {
    const page = [...this.#news].slice(0, DIRECTORY_PAGE_RECORDS);
    for (const [peerId] of page) this.#news.delete(peerId);
    if (this.#news.size === 0) this.#isComplete = true;
    return {
      complete: this.#isComplete,
      records: page.flatMap(([peerId, news]) =>
        news === 'gone' ? [] : [{peerId, value: toBase64(news)}],
      ),
      gone: page.flatMap(([peerId, news]) => (news === 'gone' ? [peerId] : [])),
    };
  }

  async #waitForNews(): Promise<void> {
    const news = Promise.withResolvers<void>();
    const beat = setTimeout(news.resolve, DIRECTORY_BEAT_MS);
    this.#wake = news.resolve;
    await news.promise;
    clearTimeout(beat);
    this.#wake = () => undefined;
    if (this.#news.size > 0) await new Promise((resolve) => setTimeout(resolve, FLUSH_MS));
  }
}
