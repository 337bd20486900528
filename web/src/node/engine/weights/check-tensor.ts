import type {TensorEntry} from '#shared/model/manifest.ts';
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
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  const actualSha256 = Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
  if (actualSha256 === entry.sha256) return;
  throw new EngineError(
    {
      code: 'TENSOR_ALTERED',
      tensor: entry.name,
      expectedSha256: entry.sha256,
      actualSha256,
    },
    `Tensor "${entry.name}" is not the manifest's: SHA-256 ${actualSha256} instead of ${entry.sha256}`,
  );
}
