import * as z from 'zod';
import {MAX_RECORD_BASE64_CHARS} from './directory-message.ts';
import {PROTOCOL_MAJOR} from './version.ts';

export const PUT_PROTOCOL = `/weft/put/${PROTOCOL_MAJOR}.0.0`;

/** Why no reader may use a record, and so no server may keep it. */
export const recordRefusalSchema = z.enum([
  'RECORD_TOO_LARGE',
  'RECORD_MALFORMED',
  'RECORD_KEY_MISMATCH',
  'RECORD_OWNER_NOT_ED25519',
  'RECORD_SIGNATURE_INVALID',
  'RECORD_EXPIRED',
  'RECORD_EXPIRY_TOO_FAR',
  'RECORD_FROM_THE_FUTURE',
]);

export type RecordRefusal = z.infer<typeof recordRefusalSchema>;

/** Why a server did not keep a record that it was offered. */
export const putRefusalSchema = z.enum([
  ...recordRefusalSchema.options,
  /** The server holds a newer record of this owner, or remembers its farewell. */
  'RECORD_OUTDATED',
  /** Only the owner itself, over its own connection, or a peer server may offer it. */
  'RECORD_NOT_YOURS',
  /** Too many records of this owner, of its address, or in all. */
  'RECORD_STORE_FULL',
  /** This connection offered too many records within a short time. */
  'RATE_LIMITED',
]);

export type PutRefusal = z.infer<typeof putRefusalSchema>;

export const PUT_MESSAGE_MAX_BYTES = 4 * 1024;

/** First and only message of a publisher. */
export const putRequestSchema = z
  .object({
    /** The record's key in the DHT: namespace, major, swarm, manifest, owner. */
    key: z.string().min(1).max(256),
    /** The signed record, base64. */
    value: z.string().max(MAX_RECORD_BASE64_CHARS),
  })
  .readonly();

/** The server's only message, before it closes the stream. */
export const putReplySchema = z
  .discriminatedUnion('kind', [
    z.object({kind: z.literal('stored')}),
    z.object({kind: z.literal('refused'), code: putRefusalSchema}),
  ])
  .readonly();

export type PutReply = z.infer<typeof putReplySchema>;
