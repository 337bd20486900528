import * as z from 'zod';
import {asPeerId} from '../base/ids.ts';
import {RECORD_MAX_BYTES} from './node-record.ts';
import {PROTOCOL_MAJOR} from './version.ts';

export const DIRECTORY_PROTOCOL = `/weft/directory/${PROTOCOL_MAJOR}.0.0`;

/** A record of the greatest size, in base64. */
export const MAX_RECORD_BASE64_CHARS = Math.ceil(RECORD_MAX_BYTES / 3) * 4;
export const DIRECTORY_PAGE_RECORDS = 32;
/** A server says something at least this often, so that silence has a meaning. */
export const DIRECTORY_BEAT_MS = 2_000;
export const DIRECTORY_MESSAGE_MAX_BYTES = 128 * 1024;

const peerIdSchema = z.string().min(1).max(64).transform(asPeerId);

export const DIRECTORY_REQUEST_MAX_BYTES = 1024;
/** One model in one swarm: nobody lists all that a server holds. */
const PREFIX_PATTERN = /^\/weft\/\d+\/[^/]+\/[0-9a-f]{64}\/$/u;

/** First and only message of a reader: which keys it wants to hear about, from now on. */
export const directoryRequestSchema = z
  .object({prefix: z.string().max(256).regex(PREFIX_PATTERN)})
  .readonly();

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
