import {createHash} from 'node:crypto';
import * as z from 'zod';

/** One entry of `API_KEYS_FILE`. The key itself is in no file: only whoever uses it has it. */
const apiKeySchema = z
  .strictObject({
    /** For whoever runs the server; requests of one name share their limits. */
    name: z.string().min(1).max(100),
    /** Of the key, in hex. */
    sha256: z.string().regex(/^[\da-f]{64}$/u),
    /** At once, and as many that wait. */
    mostAnswers: z.int().positive().optional(),
    requestsPerMinute: z.int().positive().optional(),
  })
  .readonly();

export type ApiKey = z.infer<typeof apiKeySchema>;

export const apiKeysSchema = z.array(apiKeySchema).readonly();

/** Finds the entry of a key. Keys are long and random, so that their hash tells nothing of them. */
export function keyFinder(keys: readonly ApiKey[]): (key: string) => ApiKey | null {
  const bySha256 = new Map(keys.map((key) => [key.sha256, key]));
  return (key) => bySha256.get(createHash('sha256').update(key).digest('hex')) ?? null;
}
