import {constants} from 'node:fs';
import {access, stat} from 'node:fs/promises';
import {join, sep} from 'node:path';

export type FoundFile =
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly totalBytes: number;
      /** Unix ns: files that are written twice in one second differ. */
      readonly modifiedNs: bigint;
    }
  | {readonly kind: 'none'}
  /** The path is no percent-encoded text. */
  | {readonly kind: 'malformed'};

const NONE: FoundFile = {kind: 'none'};

/**
 * The regular, readable file that the path of a URL names below a folder. A
 * path that ends in a slash names the page of its folder. Links are followed:
 * who may write into the folder decides what is served.
 *
 * @param urlPath as it is in the URL, percent-encoded.
 */
export async function findFile(folder: string, urlPath: string): Promise<FoundFile> {
  const names = decodeNames(urlPath);
  if (names === null) return {kind: 'malformed'};
  if (names.at(-1) === '') names[names.length - 1] = 'index.html';
  if (!names.every(isName)) return NONE;
  return await statFile(join(folder, ...names));
}

/** The regular, readable file at `path`. */
export async function statFile(path: string): Promise<FoundFile> {
  try {
    const found = await stat(path, {bigint: true});
    // Anything else than a file may hang whoever reads it.
    if (!found.isFile()) return NONE;
    await access(path, constants.R_OK);
    return {kind: 'file', path, totalBytes: Number(found.size), modifiedNs: found.mtimeNs};
  } catch {
    return NONE;
  }
}

function decodeNames(urlPath: string): string[] | null {
  try {
    return urlPath.slice(1).split('/').map(decodeURIComponent);
  } catch {
    return null;
  }
}

/** No way up, and nothing that a file system could read as several names. */
function isName(name: string): boolean {
  const isStep = name === '' || name === '.' || name === '..';
  return !isStep && !name.includes('/') && !name.includes(sep) && !name.includes('\0');
}
