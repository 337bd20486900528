import {BinaryReader, BinaryWriter} from '@bufbuild/protobuf/wire';
import type {Connection, Stream} from '@libp2p/interface';
import {Libp2pRecord} from '@libp2p/record';
import {lpStream} from '@libp2p/utils';
import {DHT_PROTOCOL} from '#shared/directory/server/record-rules.ts';
import type {SealedRecord} from '#shared/directory/records/signed-record.ts';

/** The numbers of kad-dht's `MessageType`; the package exports neither codec nor names. */
const TYPES = {
  PUT_VALUE: 0,
  GET_VALUE: 1,
  ADD_PROVIDER: 2,
  GET_PROVIDERS: 3,
  FIND_NODE: 4,
  PING: 5,
  UNKNOWN: 77,
} as const;

const [TYPE, KEY, RECORD, CLOSER, PROVIDERS] = [1, 2, 3, 8, 9];

export type DhtQuestion = {
  readonly type: keyof typeof TYPES;
  readonly key?: Uint8Array;
  readonly record?: Uint8Array;
  /** Peers, each as bytes of `PeerInfo`. */
  readonly providers?: readonly Uint8Array[];
  readonly closer?: readonly Uint8Array[];
};

export type DhtAnswer = {
  readonly record: Uint8Array | null;
  readonly peerCount: number;
};

/** One stream of the DHT, on which whatever bytes are sent. */
export class DhtStream {
  readonly stream: Stream;
  readonly #messages: ReturnType<typeof lpStream>;

  private constructor(stream: Stream) {
    this.stream = stream;
    this.#messages = lpStream(stream);
  }

  static async open(connection: Connection): Promise<DhtStream> {
    return new DhtStream(await connection.newStream(DHT_PROTOCOL));
  }

  async send(question: DhtQuestion): Promise<void> {
    const message = new BinaryWriter().tag(TYPE, 0).int32(TYPES[question.type]);
    if (question.key) message.tag(KEY, 2).bytes(question.key);
    if (question.record) message.tag(RECORD, 2).bytes(question.record);
    for (const peer of question.closer ?? []) message.tag(CLOSER, 2).bytes(peer);
    for (const peer of question.providers ?? []) message.tag(PROVIDERS, 2).bytes(peer);
    await this.#messages.write(message.finish());
  }

  /** @throws when the stream was reset: the DHT's only way to refuse. */
  async answer(): Promise<DhtAnswer> {
    const reader = new BinaryReader((await this.#messages.read()).subarray());
    let [record, peerCount]: [Uint8Array | null, number] = [null, 0];
    while (reader.pos < reader.len) {
      const [field, wireType] = reader.tag();
      if (field === RECORD) record = reader.bytes();
      else reader.skip(wireType);
      if (field === CLOSER || field === PROVIDERS) peerCount += 1;
    }
    return {record, peerCount};
  }

  async ask(question: DhtQuestion): Promise<DhtAnswer> {
    await this.send(question);
    return await this.answer();
  }
}

/** A record as kad-dht puts it. */
export function putQuestion({key, value}: SealedRecord): DhtQuestion {
  const bytes = new TextEncoder().encode(key);
  return {
    type: 'PUT_VALUE',
    key: bytes,
    record: new Libp2pRecord(bytes, value, new Date()).serialize(),
  };
}
