import * as z from 'zod';
import {asManifestHash, asPeerId, asSwarmId} from '../base/ids.ts';
import {MalformedMessageError} from './malformed-message.ts';
import {allowsStandIns, STAND_IN_CLASS} from './swarm-kind.ts';

/** How long a record lives unless it is renewed (NR3). */
export const RECORD_TTL_MS = 30_000;
/**
 * What a record costs: about 1,200 bytes (SR10), every ten seconds from a tab that nobody asks, three
 * times as often from one that serves answer after answer. So 120 to 360 bytes a second to each
 * named server, and a third more, for base64, from a server to each tab that reads the list.
 */
export const RECORD_REFRESH_MS = RECORD_TTL_MS / 3;
/** Signature and body together, as stored in the DHT. */
export const RECORD_MAX_BYTES = 2048;

const MAX_RTTS = 16;
const MAX_SHARDS = 4;
const MAX_ADDRESSES = 4;
const MAX_UNREACHABLE = 8;
const MAX_AXES = 4;
/** More than any tab does in an hour. */
const MAX_SERVED = 1_000_000;
/** Further than any two places of one network are apart. */
const MAX_COORDINATE_MS = 100_000;

const peerIdSchema = z.string().min(1).max(64).transform(asPeerId);
/** No time of a node is longer: an hour. */
const MAX_MS = 3_600_000;
/** No model has more, by far. */
const MAX_LAYERS = 10_000;
const MAX_SESSIONS = 4_096;
const MAX_KV_TOKENS = 2 ** 32;
const MAX_BYTES_PER_SEC = 1e12;

const milliseconds = z.number().nonnegative().max(MAX_MS);
const count = z.int().nonnegative();
const layerCount = count.max(MAX_LAYERS);
const sessionCount = count.max(MAX_SESSIONS);

const layers = {
  startLayer: layerCount,
  endLayer: z.int().positive().max(MAX_LAYERS),
  /** Holds the embedding matrix, so it can be the head of a chain. */
  embedding: z.boolean(),
  /** Holds the final norm and the LM head, so it can be the tail of a chain. */
  lmHead: z.boolean(),
};
const isNotEmpty = (range: {readonly startLayer: number; readonly endLayer: number}) =>
  range.endLayer > range.startLayer;
const notEmpty = {error: 'endLayer must be > startLayer'};

const shardSchema = z.object(layers).refine(isNotEmpty, notEmpty).readonly();
const claimSchema = z
  .object({...layers, epoch: count, claimedAtMs: count})
  .refine(isNotEmpty, notEmpty)
  .readonly();

const coordsSchema = z
  .object({
    at: z
      .array(z.number().min(-MAX_COORDINATE_MS).max(MAX_COORDINATE_MS))
      .min(1)
      .max(MAX_AXES)
      .readonly(),
    heightMs: z.number().nonnegative().max(MAX_COORDINATE_MS),
    errorMs: z.number().nonnegative().max(MAX_COORDINATE_MS),
  })
  .readonly();

/**
 * What one node says about itself in the DHT. Rules: RULES.md, NR1–NR6.
 *
 * Every number is measured on the node that signs it; nobody else writes it.
 * What nobody reads is not here: every tab of the swarm receives each record of every other.
 * Readers ignore fields they do not know and are strict about those they do;
 * parsing strips the unknown, so that writers send only what is here (NR1).
 * A field that came with a later minor has a default: older nodes do not say it (NR6).
 */
export const nodeRecordSchema = z
  .object({
    peerId: peerIdSchema,
    /** Unix ms on the server's clock, raised by at least one per publish; readers keep the highest (NR2). */
    seq: count,
    /** Unix ms after which readers drop the record (NR3). Equal to `seq`: the node says goodbye (NR5). */
    expiresAtMs: count,
    protocolMajor: count,
    protocolMinor: count,
    swarmId: z
      .string()
      .min(1)
      .max(64)
      .regex(/^[^/]+$/u)
      .transform(asSwarmId),
    manifestHash: z
      .string()
      .regex(/^[0-9a-f]{64}$/u)
      .transform(asManifestHash),
    /** Multiaddrs under which other tabs can dial this node. */
    addresses: z.array(z.string().min(1).max(256)).max(MAX_ADDRESSES).readonly(),
    /** Which arithmetic answers are bit-equal with, for example `wasm-f32`. */
    engineClass: z.string().min(1).max(32),
    /** Layers that fit: alone, with the embedding, with the LM head, with both. */
    capacityLayers: z
      .object({plain: layerCount, first: layerCount, last: layerCount, both: layerCount})
      .readonly(),
    /** Layers being served now (NR4). */
    shards: z.array(shardSchema).max(MAX_SHARDS).readonly(),
    /** Layers being loaded, not served yet; `null` while none are. */
    claim: claimSchema.nullable(),
    /** One decode step through one layer: `fixedMs + perSessionMs × sessions`. */
    decodeMsPerLayer: z.object({fixedMs: milliseconds, perSessionMs: milliseconds}).readonly(),
    prefillMsPerTokenLayer: milliseconds,
    /** Frame in to frame out with zero layers and nobody waiting; at a tail with norm, LM head and sampling. */
    hopOverheadMs: milliseconds,
    /** The part of it that the steps of several sessions take once, when they run as one. */
    hopFixedMs: milliseconds.optional(),
    /** All that phase 1 reads of speed: on log steps, changed at most once a minute. */
    steady: z
      .object({decodeMsPerLayer: milliseconds, hopOverheadMs: milliseconds})
      .readonly()
      .nullable()
      .default(null),
    /** How fast pieces of a prompt go out; `null` while none was long enough to tell. */
    uplinkBytesPerSec: z.number().nonnegative().max(MAX_BYTES_PER_SEC).nullable().default(null),
    rtts: z
      .array(
        z
          .object({
            peerId: peerIdSchema,
            rttMs: milliseconds,
            /** A TURN server passes on every byte between the two; left out where the path is direct. */
            viaTurn: z.literal(true).optional(),
          })
          .readonly(),
      )
      .max(MAX_RTTS)
      .readonly(),
    /** Where the node is in the network (Vivaldi); `null` before the first round trip. */
    coords: coordsSchema.nullable().default(null),
    maxSessions: sessionCount,
    openSessions: sessionCount,
    /** Tokens of KV cache that new sessions may still reserve. */
    kvTokensFree: count.max(MAX_KV_TOKENS),
    /** All of the cache, free or not: what asks for more than that need not wait. */
    kvTokens: count.max(MAX_KV_TOKENS).nullable().default(null),
    /** What this node has done lately as the tail of chains, `null` for nothing: for people, nobody decides by it. */
    served: z
      .object({
        answersLastHour: count.max(MAX_SERVED),
        tokensPerSec: z.number().nonnegative().max(MAX_SERVED),
      })
      .readonly()
      .nullable()
      .default(null),
    /** Peers to which this node tried and failed to open a direct link. */
    unreachable: z.array(peerIdSchema).max(MAX_UNREACHABLE).readonly(),
  })
  .refine(({engineClass, swarmId}) => engineClass !== STAND_IN_CLASS || allowsStandIns(swarmId), {
    error: 'a stand-in for an engine serves in a test swarm only',
    path: ['engineClass'],
  })
  .readonly();

export type NodeRecord = z.infer<typeof nodeRecordSchema>;

/**
 * Reads a record that came from the network.
 *
 * @throws {MalformedMessageError} when `value` breaks the schema; the caller
 *   drops the record.
 */
export function parseNodeRecord(value: unknown): NodeRecord {
  const result = nodeRecordSchema.safeParse(value);
  if (!result.success) throw new MalformedMessageError('node-record', result.error);
  return result.data;
}

/** A farewell outranks everything its owner published before, and is never live (NR5). */
export function isFarewell(record: {readonly seq: number; readonly expiresAtMs: number}): boolean {
  return record.expiresAtMs === record.seq;
}
