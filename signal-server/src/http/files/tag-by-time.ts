import type {FoundFile} from './find-file.ts';

/** An entity tag made of the size of a file and the time of its last change. */
export function tagByTime({totalBytes, modifiedNs}: Extract<FoundFile, {kind: 'file'}>): string {
  return `"${totalBytes.toString(36)}-${modifiedNs.toString(36)}"`;
}
