import {createHash} from 'node:crypto';
import type {FoundFile} from './find-file.ts';
import {streamFile} from './stream-file.ts';
import {tagByTime} from './tag-by-time.ts';

type File = Extract<FoundFile, {kind: 'file'}>;
type Reading = {readonly state: string; readonly tag: Promise<string | null>; isDone: boolean};

/**
 * Entity tags that are the SHA-256 of a file, which is read for it once and again
 * after it has changed. Requests wait for that: a browser that got one tag for its
 * first part and another for its second takes the whole file instead.
 */
export class ContentTags {
  /** By path. */
  readonly #readings = new Map<string, Reading>();

  /** `null` while somebody is writing the file. */
  readonly tagOf = async (file: File): Promise<string | null> => {
    const state = tagByTime(file);
    const last = this.#readings.get(file.path);
    if (last?.state === state) return await last.tag;
    // It changed while it was being read, and may change for as long again.
    if (last?.isDone === false) return null;
    const reading = {state, tag: this.#read(file), isDone: false};
    this.#readings.set(file.path, reading);
    const tag = await reading.tag;
    reading.isDone = true;
    return tag;
  };

  async #read(file: File): Promise<string | null> {
    try {
      return `"${await digestOf(file)}"`;
    } catch {
      this.#readings.delete(file.path);
      return null;
    }
  }
}

/** In pieces: the process serves others meanwhile. */
async function digestOf({path, totalBytes}: File): Promise<string> {
  const hash = createHash('sha256');
  const range = {startByte: 0, endByte: totalBytes};
  if (totalBytes > 0) for await (const piece of streamFile(path, range)) hash.update(piece);
  return hash.digest('hex');
}
