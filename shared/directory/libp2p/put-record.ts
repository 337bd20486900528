import type {Libp2p, PeerId} from '@libp2p/interface';
import {
  PUT_PROTOCOL,
  PUT_MESSAGE_MAX_BYTES,
  putReplySchema,
  type PutReply,
} from '../../protocol/put-message.ts';
import {toBase64} from '../records/base64.ts';
import {JsonStream} from '../json-stream.ts';
import type {SealedRecord} from '../records/signed-record.ts';

type Options = {
  readonly libp2p: Libp2p;
  readonly server: PeerId;
  readonly sealed: SealedRecord;
  readonly signal: AbortSignal;
};

/**
 * Offers a record to one server and waits for what became of it: one stream,
 * one message each way.
 *
 * @returns `refused` when the server answered that it does not keep the record.
 * @throws when the server did not answer: no connection, another protocol, or
 *   `signal` aborted; its reason then.
 */
export async function putRecord(options: Options): Promise<PutReply> {
  const {libp2p, server, sealed, signal} = options;
  const stream = await libp2p.dialProtocol(server, PUT_PROTOCOL, {signal});
  const messages = new JsonStream(stream, {maxMessageBytes: PUT_MESSAGE_MAX_BYTES});
  try {
    await messages.write({key: sealed.key, value: toBase64(sealed.value)}, {signal});
    const reply = await messages.read(putReplySchema, {signal});
    await stream.close({signal});
    return reply;
  } catch (cause) {
    messages.abort(new Error('Stopped waiting for the answer to a record', {cause}));
    throw cause;
  }
}
