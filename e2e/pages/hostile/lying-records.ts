import {generateKeyPair} from '@libp2p/crypto/keys';
import type {PrivateKey} from '@libp2p/interface';
import {peerIdFromPrivateKey} from '@libp2p/peer-id';
import {asPeerId} from '#shared/base/ids.ts';
import {TEST_SWARM} from '#shared/protocol/swarm-kind.ts';
import {sealRecord, type SealedRecord} from '#shared/directory/records/signed-record.ts';
import type {RecordRefusal} from '#shared/protocol/put-message.ts';
import {RECORD_MAX_BYTES, RECORD_TTL_MS, type NodeRecord} from '#shared/protocol/node-record.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import type {HostileWorld} from './hostile-world.ts';

const FAR_AHEAD_MS = 120_000;
const SIGNATURE_BYTES = 64;

/** A record that is true in all but what `changes` say, and whose owner holds the key. */
export function recordOf(
  world: HostileWorld,
  privateKey: PrivateKey,
  changes: Partial<NodeRecord> = {},
): NodeRecord {
  const peerId = asPeerId(peerIdFromPrivateKey(privateKey).toString());
  return {...recordBy(world, peerId), ...changes};
}

function recordBy({manifestHash}: HostileWorld, peerId: NodeRecord['peerId']): NodeRecord {
  const seq = Date.now();
  const expiresAtMs = seq + RECORD_TTL_MS;
  const swarmId = TEST_SWARM;
  return buildRecord({peerId, seq, expiresAtMs, swarmId, manifestHash, shards: []});
}

type Lie = (world: HostileWorld) => Promise<SealedRecord>;

/** Signed by the hostile peer itself: a server takes records of nobody else over its connection. */
function sealed(changes: () => Partial<NodeRecord>): Lie {
  return async (world) => await sealOwn(world, ownRecord(world, changes()));
}

function ownRecord(world: HostileWorld, changes: Partial<NodeRecord> = {}): NodeRecord {
  return {...recordBy(world, world.hostile.peerId), ...changes};
}

async function sealOwn(world: HostileWorld, body: NodeRecord): Promise<SealedRecord> {
  const {protocolMajor, swarmId, manifestHash} = ownRecord(world);
  const key = `/weft/${protocolMajor}/${swarmId}/${manifestHash}/${world.hostile.peerId}`;
  return await world.hostile.sign(key, JSON.stringify(body));
}

/** A true record whose bytes or key are changed afterwards. */
function altered(change: (record: SealedRecord) => SealedRecord): Lie {
  return async (world) => change(await sealed(() => ({}))(world));
}

function withBody(body: string): Lie {
  return altered(({key, value}) => {
    const text = new TextEncoder().encode(body);
    const bytes = new Uint8Array(SIGNATURE_BYTES + text.byteLength);
    bytes.set(value.subarray(0, SIGNATURE_BYTES));
    bytes.set(text, SIGNATURE_BYTES);
    return {key, value: bytes};
  });
}

/** An owner without an Ed25519 key has no connection to a server. */
type Provoked = Exclude<RecordRefusal, 'RECORD_OWNER_NOT_ED25519'> | 'RECORD_NOT_YOURS';

/** Records that no server takes from this peer, by the code that says why. */
export const LYING_RECORDS: Readonly<
  Record<Provoked, readonly (readonly [what: string, lie: Lie])[]>
> = {
  RECORD_TOO_LARGE: [
    ['more bytes than a record may have', withBody('x'.repeat(RECORD_MAX_BYTES))],
    ['a mebibyte', withBody('x'.repeat(1024 * 1024))],
  ],
  RECORD_MALFORMED: [
    ['no bytes', altered(({key}) => ({key, value: new Uint8Array(0)}))],
    ['no JSON', withBody('{')],
    ['another schema', withBody('{"peerId":1}')],
  ],
  RECORD_KEY_MISMATCH: [
    [
      'the record of one peer under the key of another',
      async (world) => await sealOwn(world, recordBy(world, world.head.peerId)),
    ],
    [
      'the record of one model under the key of another',
      altered(({key, value}) => ({key: key.replace(/[0-9a-f]{64}/u, 'cd'.repeat(32)), value})),
    ],
  ],
  RECORD_NOT_YOURS: [
    [
      'a true record of a stranger',
      async (world) => {
        const privateKey = await generateKeyPair('Ed25519');
        return await sealRecord(recordOf(world, privateKey), privateKey);
      },
    ],
    [
      'a lending tab that leaves, says somebody else',
      async (world) => {
        const privateKey = await generateKeyPair('Ed25519');
        const seq = Date.now() + 1_000;
        const record = {...recordBy(world, world.head.peerId), seq, expiresAtMs: seq};
        return await sealRecord(record, privateKey);
      },
    ],
  ],
  RECORD_SIGNATURE_INVALID: [
    [
      'one figure changed after signing',
      altered(({key, value}) => {
        const text = new TextDecoder().decode(value.subarray(SIGNATURE_BYTES));
        const body = new TextEncoder().encode(text.replace('"maxSessions":4', '"maxSessions":9'));
        const bytes = value.slice();
        bytes.set(body, SIGNATURE_BYTES);
        return {key, value: bytes};
      }),
    ],
  ],
  RECORD_EXPIRED: [
    [
      'a record whose time is over',
      sealed(() => ({seq: Date.now() - RECORD_TTL_MS, expiresAtMs: Date.now() - 1_000})),
    ],
  ],
  RECORD_EXPIRY_TOO_FAR: [
    ['a record that stays for ever', sealed(() => ({expiresAtMs: Date.now() + FAR_AHEAD_MS}))],
  ],
  RECORD_FROM_THE_FUTURE: [
    [
      'a seq that nobody could outrank',
      sealed(() => ({seq: Date.now() + FAR_AHEAD_MS, expiresAtMs: Date.now() + 1_000})),
    ],
  ],
};
