import type {Connection, Stream} from '@libp2p/interface';
import {lpStream} from '@libp2p/utils';
import {DHT_PROTOCOL} from '#shared/directory/server/record-rules.ts';

/** The message types of kad-dht that are used here, as its protocol numbers them. */
const TYPES = {'put-value': 0, 'find-node': 4} as const;
const FIELD = {type: 0x08, key: 0x12, record: 0x1a} as const;

/** A message of kad-dht, by hand: the library exports no encoder. */
export function dhtMessage(message: {
  readonly type: keyof typeof TYPES;
  readonly key: Uint8Array;
  readonly record?: Uint8Array;
}): Uint8Array {
  const {type, key, record} = message;
  return Uint8Array.from([
    FIELD.type,
    TYPES[type],
    ...bytesField(FIELD.key, key),
    ...(record === undefined ? [] : bytesField(FIELD.record, record)),
  ]);
}

function bytesField(tag: number, bytes: Uint8Array): readonly number[] {
  return [tag, ...varint(bytes.byteLength), ...bytes];
}

function varint(value: number): readonly number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...varint(value >>> 7)];
}

export type DhtStream = {
  readonly stream: Stream;
  readonly messages: ReturnType<typeof lpStream<Stream>>;
};

export async function openDhtStream(
  connection: Connection,
  options: {readonly signal: AbortSignal},
): Promise<DhtStream> {
  const stream = await connection.newStream(DHT_PROTOCOL, options);
  return {stream, messages: lpStream(stream)};
}
