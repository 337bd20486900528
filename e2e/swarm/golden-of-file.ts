import {createHash} from 'node:crypto';
import {makeGoldenVectors} from '#shared/lab/reference-forward/make-golden-vectors.ts';
import {blobByteSource} from '#shared/model/byte-source.ts';
import {parseGguf} from '#shared/model/gguf/parse-gguf.ts';
import type {GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import {canonicalJson} from '#shared/model/manifest/canonical-json.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {openModel} from '../tools/command-line/files/open-model.ts';

/**
 * What engines must compute of a model file, and its manifest, which names it. Takes about two seconds
 * for 100 million weights.
 *
 * @throws {WeftError} `MODEL_UNREADABLE`, also when layers give numbers that are not finite.
 */
export async function withGoldenVectors(
  path: string,
  manifest: Manifest,
): Promise<{readonly manifest: Manifest; readonly golden: GoldenVectors}> {
  const source = blobByteSource(await openModel(path));
  const gguf = await parseGguf(source);
  const golden = await makeGoldenVectors(gguf, {
    source,
    contextTokens: manifest.spec.contextTokens,
    cutEvery: manifest.cutEvery,
  });
  const hash = createHash('sha256').update(canonicalJson(golden)).digest('hex');
  return {manifest: {...manifest, golden: hash}, golden};
}
