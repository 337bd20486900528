import type {Connection, Libp2p, Stream} from '@libp2p/interface';
import {
  PUT_PROTOCOL,
  PUT_MESSAGE_MAX_BYTES,
  putRequestSchema,
  type PutReply,
} from '../../protocol/put-message.ts';
import {fromBase64} from '../records/base64.ts';
import {JsonStream} from '../json-stream.ts';
import type {Offerer, RecordIntake} from './record-intake.ts';

/** A publisher that takes longer for one small message is gone. */
const PUT_TIMEOUT_MS = 10_000;
const MAX_STREAMS_PER_CONNECTION = 8;

type Options = {
  readonly libp2p: Libp2p;
  readonly intake: Pick<RecordIntake, 'offer'>;
  /** The address that a connection counts against; by default, its own. */
  readonly offererOf?: (connection: Connection) => Offerer;
};

/** Takes records straight from their owners: one request and one reply per stream. */
export async function servePuts(options: Options): Promise<{close(): Promise<void>}> {
  const {libp2p, intake} = options;
  const offererOf = options.offererOf ?? ownOfferer;
  const answer = async (stream: Stream, connection: Connection): Promise<void> => {
    const messages = new JsonStream(stream, {maxMessageBytes: PUT_MESSAGE_MAX_BYTES});
    const signal = AbortSignal.timeout(PUT_TIMEOUT_MS);
    try {
      const {key, value} = await messages.read(putRequestSchema, {signal});
      const sealed = {key, value: fromBase64(value)};
      const reply: PutReply = await intake.offer(sealed, offererOf(connection));
      await messages.write(reply, {signal});
      await stream.close({signal});
    } catch (cause) {
      messages.abort(new Error('Cannot answer this publisher', {cause}));
    }
  };
  await libp2p.handle(PUT_PROTOCOL, (stream, connection) => void answer(stream, connection), {
    maxInboundStreams: MAX_STREAMS_PER_CONNECTION,
  });
  return {close: async () => await libp2p.unhandle(PUT_PROTOCOL)};
}

function ownOfferer(connection: Connection): Offerer {
  const {remotePeer, remoteAddr} = connection;
  return {
    peerId: remotePeer.toString(),
    address: remoteAddr.toString(),
    isHere: () => connection.status === 'open',
  };
}
