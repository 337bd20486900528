import type {PrivateKey} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import * as z from 'zod';
import {WeftError} from '../../base/errors.ts';
import type {ManifestHash, PeerId, SwarmId} from '../../base/ids.ts';
import {
  isFarewell,
  nodeRecordSchema,
  parseNodeRecord,
  RECORD_MAX_BYTES,
  type NodeRecord,
} from '../../protocol/node-record.ts';
import type {RecordRefusal} from '../../protocol/put-message.ts';
import {PROTOCOL_MAJOR} from '../../protocol/version.ts';

export const RECORD_NAMESPACE = 'weft';
/** From `seq` to expiry, at most: whatever is older than this is valid no more. */
export const RECORD_MAX_LIFE_MS = 60_000;
const MAX_CLOCK_SKEW_MS = 10_000;
const SIGNATURE_BYTES = 64;
const SIGNED_PREFIX = 'weft-record:';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', {fatal: true});

/** A record as it travels: the DHT key, and 64 bytes of Ed25519 signature before the JSON body. */
export type SealedRecord = {readonly key: string; readonly value: Uint8Array};

/** A record that no reader may use; `code` says which check it failed. */
export class RecordRefusedError extends WeftError<{
  readonly code: RecordRefusal;
  readonly key: string;
}> {
  override readonly name = 'RecordRefusedError';

  constructor(code: RecordRefusal, key: string, reason: string, options?: ErrorOptions) {
    super({code, key}, `Cannot use record "${key}": ${reason}`, options);
  }
}

/** Keys of all records about one model in one swarm start with this. */
export function recordPrefix(swarmId: SwarmId, manifestHash: ManifestHash): string {
  return `/${RECORD_NAMESPACE}/${PROTOCOL_MAJOR}/${swarmId}/${manifestHash}/`;
}

function recordKey(record: NodeRecord): string {
  const {protocolMajor, swarmId, manifestHash, peerId} = record;
  return `/${RECORD_NAMESPACE}/${protocolMajor}/${swarmId}/${manifestHash}/${peerId}`;
}

/** The peer that must sign what is stored under a key. */
export function ownerOfKey(key: string): string {
  return key.slice(key.lastIndexOf('/') + 1);
}

/** The key goes into the signature, so a record cannot be replayed under another key. */
function signedBytes(key: string, body: Uint8Array): Uint8Array {
  const head = encoder.encode(`${SIGNED_PREFIX}${key}\n`);
  const bytes = new Uint8Array(head.byteLength + body.byteLength);
  bytes.set(head);
  bytes.set(body, head.byteLength);
  return bytes;
}

/** Bytes that `record` will take in the DHT. */
export function sealedByteLength(record: NodeRecord): number {
  return (
    SIGNATURE_BYTES + encoder.encode(JSON.stringify(nodeRecordSchema.parse(record))).byteLength
  );
}

/** Signs `record` with its owner's key; only fields of the schema are written. */
export async function sealRecord(
  record: NodeRecord,
  privateKey: PrivateKey,
): Promise<SealedRecord> {
  const key = recordKey(record);
  const body = encoder.encode(JSON.stringify(nodeRecordSchema.parse(record)));
  const signature = await privateKey.sign(signedBytes(key, body));
  const value = new Uint8Array(SIGNATURE_BYTES + body.byteLength);
  value.set(signature.subarray(0, SIGNATURE_BYTES));
  value.set(body, SIGNATURE_BYTES);
  return {key, value};
}

const outlineSchema = z.object({seq: z.int().nonnegative(), expiresAtMs: z.int().nonnegative()});
export type RecordOutline = z.infer<typeof outlineSchema>;

/** `seq` and expiry without any check of who wrote them; `null` when there are none to read. */
export function peekRecord(value: Uint8Array): RecordOutline | null {
  try {
    const body: unknown = JSON.parse(decoder.decode(value.subarray(SIGNATURE_BYTES)));
    return outlineSchema.safeParse(body).data ?? null;
  } catch {
    return null; // Not JSON, or not UTF-8: there is nothing to read.
  }
}

/** Until when a store keeps a record: a farewell lives on so that it outranks what it ends. */
export function keptUntilMs(outline: RecordOutline): number {
  return isFarewell(outline) ? outline.seq + RECORD_MAX_LIFE_MS : outline.expiresAtMs;
}

/**
 * Checks a record as any reader must: size, body, key, times, and the
 * signature of the owner that the key names.
 *
 * @param nowMs Unix time, corrected by the server's clock.
 * @throws {RecordRefusedError} with the code of the first check that failed.
 */
export async function openRecord(sealed: SealedRecord, nowMs: number): Promise<NodeRecord> {
  const record = readRecord(sealed);
  await verifyRecord(sealed, record, nowMs);
  return record;
}

/**
 * What a sealed record says, whoever wrote it: size, body and key are checked,
 * and no more. For who may have no use for it, and so need not verify it.
 *
 * @throws {RecordRefusedError} with the code of the first check that failed.
 */
export function readRecord({key, value}: SealedRecord): NodeRecord {
  if (value.byteLength > RECORD_MAX_BYTES) {
    throw new RecordRefusedError(
      'RECORD_TOO_LARGE',
      key,
      `${value.byteLength} bytes, at most ${RECORD_MAX_BYTES}`,
    );
  }
  const record = readBody(key, value);
  if (recordKey(record) !== key) {
    throw new RecordRefusedError('RECORD_KEY_MISMATCH', key, 'its body names another key');
  }
  return record;
}

/**
 * The rest of the checks on what `readRecord` gave: times, and the signature.
 *
 * @param nowMs Unix time, corrected by the server's clock.
 * @throws {RecordRefusedError} with the code of the first check that failed.
 */
export async function verifyRecord(
  sealed: SealedRecord,
  record: NodeRecord,
  nowMs: number,
): Promise<void> {
  checkTimes(sealed.key, record, nowMs);
  await checkSignature(sealed, record.peerId);
}

function readBody(key: string, value: Uint8Array): NodeRecord {
  try {
    return parseNodeRecord(JSON.parse(decoder.decode(value.subarray(SIGNATURE_BYTES))));
  } catch (cause) {
    throw new RecordRefusedError('RECORD_MALFORMED', key, 'its body breaks the schema', {cause});
  }
}

function checkTimes(key: string, record: NodeRecord, nowMs: number): void {
  if (record.seq > nowMs + MAX_CLOCK_SKEW_MS) {
    throw new RecordRefusedError('RECORD_FROM_THE_FUTURE', key, 'its seq is ahead of the clock');
  }
  if (record.expiresAtMs > Math.min(nowMs, record.seq) + RECORD_MAX_LIFE_MS) {
    const reason = `more than ${RECORD_MAX_LIFE_MS} ms ahead`;
    throw new RecordRefusedError('RECORD_EXPIRY_TOO_FAR', key, reason);
  }
  if (keptUntilMs(record) <= nowMs) {
    throw new RecordRefusedError('RECORD_EXPIRED', key, 'its time is over');
  }
}

async function checkSignature({key, value}: SealedRecord, owner: PeerId): Promise<void> {
  const publicKey = readPublicKey(key, owner);
  const signature = value.subarray(0, SIGNATURE_BYTES);
  const body = value.subarray(SIGNATURE_BYTES);
  if (!(await publicKey.verify(signedBytes(key, body), signature))) {
    throw new RecordRefusedError('RECORD_SIGNATURE_INVALID', key, 'not signed by its owner');
  }
}

/** An Ed25519 id contains its public key; for any other id a relay could lie about the owner. */
function readPublicKey(key: string, owner: PeerId) {
  try {
    const peerId = peerIdFromString(owner);
    if (peerId.type === 'Ed25519') return peerId.publicKey;
  } catch (cause) {
    throw new RecordRefusedError('RECORD_MALFORMED', key, 'its owner is no peer id', {cause});
  }
  throw new RecordRefusedError('RECORD_OWNER_NOT_ED25519', key, 'its owner has another key type');
}
