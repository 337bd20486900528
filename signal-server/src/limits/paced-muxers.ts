import type {Connection, Stream, StreamMuxer, StreamMuxerFactory} from '@libp2p/interface';
import {yamux} from '@libp2p/yamux';
import {Allowance} from '#shared/base/allowance.ts';
import {assert} from '#shared/base/assert.ts';
import type {WorkLane} from './work-lane.ts';

/** A tab has a listing, a put, a ping and a few dials under way. */
const MAX_OPEN_STREAMS = 64;
/** Negotiating a protocol, in units of the lane. */
const STREAM_UNITS = 1;
/**
 * What one connection may say, all streams together: what is not read yet lies in memory.
 * A tab that publishes four times a second and dials others says a tenth of it.
 */
const BYTES = {burst: 2 * 1024 * 1024, perSec: 128 * 1024};
/** The least that yamux allows; it would let the window of a fast sender grow to 16 MiB. */
const WINDOW_BYTES = 256 * 1024;
/** Until libp2p reveals whose a muxer is, all such wait in one line. */
const NEWCOMERS = 'newcomers';

/**
 * yamux, as a server needs it at which strangers open streams: few at once,
 * each opened when it is the connection's turn, and cut when the connection says
 * more than it could have to say.
 */
export class PacedMuxers {
  readonly #lane: WorkLane;
  readonly #addresses = new WeakMap<object, string>();
  #muxerCount = 0;

  constructor(lane: WorkLane) {
    this.#lane = lane;
  }

  /** For `streamMuxers`. */
  readonly createFactory = (): StreamMuxerFactory => {
    const factory: StreamMuxerFactory = yamux({
      maxInboundStreams: MAX_OPEN_STREAMS,
      streamOptions: {maxStreamWindowSize: WINDOW_BYTES},
    })();
    const create = factory.createStreamMuxer.bind(factory);
    factory.createStreamMuxer = (link) => this.#pace(create(link));
    return factory;
  };

  /** Says for which address the streams of a connection count. */
  introduce(connection: Connection, address: string): void {
    assert('muxer' in connection, 'a connection has a muxer');
    const {muxer} = connection;
    if (typeof muxer === 'object' && muxer !== null) this.#addresses.set(muxer, address);
  }

  /** The connection hears of a stream of the other side when it is that one's turn. */
  #pace(muxer: StreamMuxer): StreamMuxer {
    this.#muxerCount += 1;
    const peer = `streams of ${this.#muxerCount}`;
    const takeTurn = async (): Promise<boolean> => {
      const address = this.#addresses.get(muxer) ?? NEWCOMERS;
      return await this.#lane.take({address, peer}, STREAM_UNITS);
    };
    const bytes = new Allowance(BYTES);
    const listen = muxer.addEventListener.bind(muxer);
    const listenPaced = (hear: (event: CustomEvent<Stream>) => void): void => {
      const hearInTurn = async (event: CustomEvent<Stream>): Promise<void> => {
        if (await takeTurn()) hear(event);
        else event.detail.abort(new Error('Too many streams wait to be opened'));
      };
      listen('stream', (event) => {
        guardStream(event.detail, bytes);
        void hearInTurn(event);
      });
    };
    Object.assign(muxer, {
      addEventListener: (type: string, ...rest: unknown[]): unknown => {
        const [hear] = rest;
        if (type !== 'stream' || typeof hear !== 'function') {
          return Reflect.apply(listen, muxer, [type, ...rest]);
        }
        return listenPaced((event) => hear(event));
      },
    });
    return muxer;
  }
}

/**
 * Cuts a stream of a connection that says too much. And yamux answers every
 * frame with a window update, be it of one byte, each of them encrypted and
 * sent on its own: telling the sender when half the window is used is as good.
 *
 * By wrapping what yamux calls: a listener would take data that nobody reads yet.
 */
function guardStream(stream: Stream, bytes: Allowance): void {
  assert('onData' in stream && typeof stream.onData === 'function', 'a stream is handed its data');
  assert(
    'sendWindowUpdate' in stream && typeof stream.sendWindowUpdate === 'function',
    'a stream says how much more it takes',
  );
  const {onData, sendWindowUpdate} = stream;
  let takenBytes = WINDOW_BYTES; // So that the first frame is answered: this accepts the stream.
  Object.assign(stream, {
    onData: (data: {readonly byteLength: number}): void => {
      takenBytes += data.byteLength;
      if (bytes.take(performance.now(), data.byteLength) === 0) onData.call(stream, data);
      else stream.abort(new Error('This connection says too much'));
    },
    sendWindowUpdate: (): void => {
      if (takenBytes < WINDOW_BYTES / 2) return;
      takenBytes = 0;
      sendWindowUpdate.call(stream);
    },
  });
}
