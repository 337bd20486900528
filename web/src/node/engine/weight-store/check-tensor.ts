import type {TensorEntry} from '#shared/model/manifest/manifest.ts';
import {secureCrypto} from '#shared/client/model/secure-crypto.ts';
import {EngineError} from '../engine-error.ts';

/**
 * Proves that bytes are those that the manifest means, whoever served them.
 *
 * @throws {EngineError} `TENSOR_ALTERED`.
 */
export async function checkTensor(
  entry: TensorEntry,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const digest = new Uint8Array(await secureCrypto().digest('SHA-256', bytes));
  const actualSha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (actualSha256 === entry.sha256) return;
  throw new EngineError(
    {
      code: 'TENSOR_ALTERED',
      tensor: entry.name,
      expectedSha256: entry.sha256,
      actualSha256,
    },
    `The download of tensor "${entry.name}" was altered on its way: SHA-256 ${shortHash(actualSha256)} instead of ${shortHash(entry.sha256)}; none of it is run, so try again, and tell whoever runs this site if that does not help`,
  );
}

/** Enough to compare by eye; the whole hashes are in the detail. */
function shortHash(sha256: string): string {
  return `${sha256.slice(0, 8)}…`;
}
