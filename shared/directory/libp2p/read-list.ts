import type {Connection, Stream} from '@libp2p/interface';
import {
  DIRECTORY_PROTOCOL,
  DIRECTORY_BEAT_MS,
  DIRECTORY_MESSAGE_MAX_BYTES,
  directoryReplySchema,
  type DirectoryReply,
} from '../../protocol/directory-message.ts';
import {DirectoryError} from '../directory.ts';
import {JsonStream} from '../json-stream.ts';

/** How long a server may say nothing. */
export type Patience = {
  /** Until a list begins: then it is asked for again. */
  readonly firstReplyMs: number;
  /** Between two beats: then the server, or the way to it, is not what it was. */
  readonly silenceMs: number;
};

const PATIENCE: Patience = {
  firstReplyMs: 2 * DIRECTORY_BEAT_MS,
  silenceMs: 3 * DIRECTORY_BEAT_MS,
};
/** Microtasks that it takes at most to read a page whose bytes are there. */
const BUFFERED_TURNS = 64;
/** A timer that is this late did not measure the server: the page itself was suspended. */
const LATE_MS = DIRECTORY_BEAT_MS;

type Options = {
  readonly connection: Connection;
  readonly prefix: string;
  readonly patience?: Patience | undefined;
  /** The next page is read once this settles: a list cannot come faster than it is dealt with. */
  readonly onReply: (reply: DirectoryReply) => Promise<void>;
  readonly signal: AbortSignal;
};

/**
 * Reads the list of one server over one stream, for as long as it goes on.
 *
 * @throws {DirectoryError} `DIRECTORY_SILENT` when the server says nothing;
 *   else whatever ended the stream, or the reason of `signal`.
 */
export async function readList(options: Options): Promise<never> {
  const {connection, prefix, onReply, signal, patience = PATIENCE} = options;
  const server = connection.remotePeer.toString();
  const stream = await heard(patience.firstReplyMs, server, signal, async (limit) =>
    connection.newStream(DIRECTORY_PROTOCOL, {signal: limit}),
  );
  const messages = new JsonStream(stream, {maxMessageBytes: DIRECTORY_MESSAGE_MAX_BYTES});
  try {
    let limitMs = patience.firstReplyMs;
    await heard(limitMs, server, signal, async (limit) =>
      messages.write({prefix}, {signal: limit}),
    );
    for (;;) {
      const reply = await heard(limitMs, server, signal, async (limit) =>
        readPaused(stream, messages.read(directoryReplySchema, {signal: limit})),
      );
      limitMs = patience.silenceMs;
      await onReply(reply);
      signal.throwIfAborted();
    }
  } catch (cause) {
    messages.abort(new Error('Stopped reading the directory', {cause}));
    throw cause;
  }
}

/** What `run` gives, if that comes in time. @throws {DirectoryError} `DIRECTORY_SILENT`. */
async function heard<T>(
  limitMs: number,
  server: string,
  signal: AbortSignal,
  run: (limit: AbortSignal) => Promise<T>,
): Promise<T> {
  const startMs = performance.now();
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), limitMs);
  try {
    return await run(AbortSignal.any([signal, limit.signal]));
  } catch (cause) {
    const waitedMs = performance.now() - startMs;
    const isSilence = limit.signal.aborted && !signal.aborted && waitedMs < limitMs + LATE_MS;
    if (!isSilence) throw cause;
    throw new DirectoryError(
      {code: 'DIRECTORY_SILENT', server, waitedMs},
      `Lost the list of server "${server}": it was silent for ${Math.round(waitedMs)} ms`,
      {cause},
    );
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Lets the stream take bytes only while a page is missing some: else all that a
 * server can send is decrypted and kept before the first page is dealt with.
 */
async function readPaused<T>(stream: Stream, reading: Promise<T>): Promise<T> {
  const isThere = await Promise.race([reading.then(() => true), untilTurnsAreOver()]);
  if (!isThere && stream.readStatus === 'paused') stream.resume();
  const value = await reading;
  if (stream.readStatus === 'readable') stream.pause();
  return value;
}

async function untilTurnsAreOver(): Promise<false> {
  for (let turn = 0; turn < BUFFERED_TURNS; turn += 1) await Promise.resolve();
  return false;
}
