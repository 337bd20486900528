import type {Connection, PeerId, Stream} from '@libp2p/interface';
import type {KadDHT} from '@libp2p/kad-dht';
import {Libp2pRecord} from '@libp2p/record';
import {assert} from '#shared/base/assert.ts';
import type {Offerer, RecordIntake} from '#shared/directory/server/record-intake.ts';
import {RECORD_NAMESPACE} from '#shared/directory/records/signed-record.ts';
import type {ConductBook, Misconduct} from '../limits/conduct-book.ts';
import type {WorkLane} from '../limits/work-lane.ts';

/** Answering one message, in units of the lane. */
export const MESSAGE_UNITS = 3;

type Guard = {
  readonly intake: RecordIntake;
  readonly lane: WorkLane;
  readonly conduct: ConductBook;
  readonly offererOf: (connection: Connection) => Offerer;
};

/** A message of kad-dht as its codec reads it; the package does not export the type. */
type KadMessage = {
  readonly type: string;
  readonly clusterLevel?: number;
  readonly key?: Uint8Array;
  readonly record?: Uint8Array;
  readonly closer: readonly unknown[];
  readonly providers: readonly unknown[];
};

type Rpc = {
  handleMessage: (peer: PeerId, message: KadMessage) => Promise<KadMessage | undefined>;
  onIncomingStream: (stream: Stream, connection: Connection) => Promise<void>;
};

/**
 * Puts limits between strangers and kad-dht, which has none: records come in by
 * the intake, provider records not at all, and every message waits for its
 * turn. Wraps `rpc`, which the library keeps to itself.
 */
export function guardDht(dht: KadDHT, guard: Guard): KadDHT {
  const rpc = rpcOf(dht);
  const connections = new WeakMap<PeerId, Connection>();
  const handle = rpc.handleMessage.bind(rpc);
  const serve = rpc.onIncomingStream.bind(rpc);
  rpc.onIncomingStream = async (stream, connection) => {
    connections.set(connection.remotePeer, connection);
    try {
      await serve(stream, connection);
    } catch (cause) {
      const isOver = stream.status !== 'open' || stream.remoteWriteStatus !== 'writable';
      // Otherwise it ends here for no other reason than what was sent.
      if (!isOver) {
        guard.conduct.note(connection.remotePeer.toString(), 'MALFORMED_RPC');
      }
      throw cause;
    }
  };
  rpc.handleMessage = async (peer, message) => {
    const connection = connections.get(peer);
    assert(connection !== undefined, 'a message comes over a stream of a connection');
    const by = guard.offererOf(connection);
    const isMine = await guard.lane.take({address: by.address, peer: by.peerId}, MESSAGE_UNITS);
    if (!isMine) return refuse(guard, by, 'RATE_LIMITED');
    return await answer(message, {guard, by, handle: async () => await handle(peer, message)});
  };
  return dht;
}

type Question = {
  readonly guard: Guard;
  readonly by: Offerer;
  /** As the library would. */
  readonly handle: () => Promise<KadMessage | undefined>;
};

async function answer(
  message: KadMessage,
  {guard, by, handle}: Question,
): Promise<KadMessage | undefined> {
  const {type, key, record, clusterLevel} = message;
  const empty = {type, closer: [], providers: [], ...(clusterLevel && {clusterLevel})};
  switch (type) {
    case 'PUT_VALUE':
      await put(record, {guard, by});
      return {...empty, ...(key && {key}), ...(record && {record})};
    case 'GET_VALUE':
      if (!isWeftKey(key)) return refuse(guard, by, 'NO_WEFT_KEY');
      return await handle();
    case 'FIND_NODE':
      return await handle();
    case 'PING':
      return empty;
    case 'GET_PROVIDERS':
      return {...empty, ...(key && {key})};
    case 'ADD_PROVIDER':
      // By the protocol it has no answer: what is not taken is passed over.
      guard.conduct.note(by.peerId, 'PROVIDER_REFUSED');
      return undefined;
    default:
      return refuse(guard, by, 'MALFORMED_RPC');
  }
}

/** @throws unless the record is kept: kad-dht's only way to refuse is to reset the stream. */
async function put(
  record: Uint8Array | undefined,
  {guard, by}: Pick<Question, 'guard' | 'by'>,
): Promise<void> {
  const sealed = readRecord(record);
  if (sealed === null) return refuse(guard, by, 'MALFORMED_RPC');
  const reply = await guard.intake.offer(sealed, by);
  if (reply.kind === 'refused') throw new Error(`Refused a record: ${reply.code}`);
}

function readRecord(record: Uint8Array | undefined) {
  if (record === undefined) return null;
  try {
    const {key, value} = Libp2pRecord.deserialize(record);
    return {key: new TextDecoder().decode(key), value};
  } catch {
    return null; // No record in the format of the DHT.
  }
}

function isWeftKey(key: Uint8Array | undefined): boolean {
  return new TextDecoder().decode(key).startsWith(`/${RECORD_NAMESPACE}/`);
}

function refuse({conduct}: Guard, by: Offerer, what: Misconduct): never {
  conduct.note(by.peerId, what);
  throw new Error(`Refused a DHT message: ${what}`);
}

function rpcOf(dht: object): Rpc {
  assert('rpc' in dht, 'kad-dht answers by its rpc');
  const {rpc} = dht;
  assert(isRpc(rpc), 'the rpc of kad-dht handles messages and streams');
  return rpc;
}

function isRpc(rpc: unknown): rpc is Rpc {
  return (
    typeof rpc === 'object' &&
    rpc !== null &&
    'handleMessage' in rpc &&
    typeof rpc.handleMessage === 'function' &&
    'onIncomingStream' in rpc &&
    typeof rpc.onIncomingStream === 'function'
  );
}
