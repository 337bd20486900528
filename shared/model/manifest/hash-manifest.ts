import {type ManifestHash, asManifestHash} from '../../base/ids.ts';
import {canonicalJson} from './canonical-json.ts';
import type {Manifest} from './manifest.ts';

/** SHA-256 of a text's UTF-8 form as 64 hex digits. */
type Sha256Text = (text: string) => Promise<string>;

/** The identity of a model: the hash of its manifest in canonical form, however it was laid out. */
export async function hashManifest(manifest: Manifest, sha256: Sha256Text): Promise<ManifestHash> {
  return asManifestHash(await sha256(canonicalJson(manifest)));
}
