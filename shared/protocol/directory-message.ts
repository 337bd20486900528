import * as z from 'zod';
import {asPeerId} from '../ids.ts';
import {RECORD_MAX_BYTES} from './node-record.ts';

/** A record of the greatest size, in base64. */
export const MAX_RECORD_BASE64_CHARS = Math.ceil(RECORD_MAX_BYTES / 3) * 4;
export const DIRECTORY_PAGE_RECORDS = 32;
/** A server says something at least this often, so that silence has a meaning. */
export const DIRECTORY_BEAT_MS = 2_000;
export const DIRECTORY_MESSAGE_MAX_BYTES = 128 * 1024;

const peerIdSchema = z.string().min(1).max(64).transform(asPeerId);

/** First and only message of a reader: which keys it wants to hear about, from now on. */
export const directoryRequestSchema = z.object({prefix: z.string().min(1).max(256)}).readonly();

/**
 * What a server sends, first page by page until `complete`, then on change.
 * Without records and without `gone` it is a beat.
 */
export const directoryReplySchema = z
  .object({
    /** The reader has seen all that the server held when it asked. */
    complete: z.boolean(),
    /** Signed records, base64; the key is the prefix and the peer id. */
    records: z
      .array(
        z.object({peerId: peerIdSchema, value: z.string().max(MAX_RECORD_BASE64_CHARS)}).readonly(),
      )
      .max(DIRECTORY_PAGE_RECORDS)
      .readonly(),
    /** Peers that lost their connection to this server. A hint: as strong as not listing them. */
    gone: z.array(peerIdSchema).max(1024).readonly(),
  })
  .readonly();

export type DirectoryReply = z.infer<typeof directoryReplySchema>;
