import {keepTrying, type Request, type Tried} from './keep-trying.ts';
import {PATIENCE, type Patience} from './patience.ts';
import {readBody} from './read-body.ts';
import {refusalOfAnswer} from './refusal-of-answer.ts';

/** Where a server ignores ranges, this much of a file may be read in front of what was asked for. */
const MOST_SKIPPED_BYTES = 2 ** 20;

type RangeDownload = {
  readonly url: string;
  readonly startByte: number;
  readonly endByte: number;
  /** Called with the number of further bytes as they arrive; none is counted twice. */
  readonly onBytes: (byteCount: number) => void;
  readonly signal: AbortSignal;
  readonly patience?: Patience;
};

/**
 * Bytes `[startByte, endByte)` of a URL; what a bad line cuts goes on where it was cut.
 *
 * @throws {DownloadError}; the signal's reason when aborted.
 */
export async function downloadRange(options: RangeDownload): Promise<Uint8Array<ArrayBuffer>> {
  const {url, signal, patience = PATIENCE} = options;
  const part = new Part(options);
  await keepTrying({
    url,
    signal,
    patience,
    reachedBytes: () => part.reachedBytes,
    attempt: (request) => part.fetchRest(request),
  });
  return part.bytes;
}

class Part {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #options: RangeDownload;
  #reachedBytes = 0;

  constructor(options: RangeDownload) {
    this.#options = options;
    this.bytes = new Uint8Array(options.endByte - options.startByte);
  }

  get reachedBytes(): number {
    return this.#reachedBytes;
  }

  async fetchRest(request: Request): Promise<Tried> {
    const {url, startByte, endByte} = this.#options;
    const fromByte = startByte + this.#reachedBytes;
    const headers = {Range: `bytes=${fromByte}-${endByte - 1}`};
    const response = await fetch(url, {headers, signal: request.signal});
    request.answered(response.status);
    const refusal = refusalOfAnswer(response, Date.now()) ?? refusalOfPart(response, fromByte);
    if (refusal !== null) {
      await response.body?.cancel();
      return refusal;
    }
    return await this.#read(response, fromByte, request);
  }

  async #read(response: Response, fromByte: number, request: Request): Promise<Tried> {
    const isWhole = response.status === 200;
    let skipBytes = isWhole ? fromByte : 0;
    try {
      for await (const chunk of readBody(response, request)) {
        const own = chunk.subarray(skipBytes);
        skipBytes = Math.max(0, skipBytes - chunk.length);
        const restBytes = this.bytes.length - this.#reachedBytes;
        this.#take(own.subarray(0, restBytes));
        if (own.length >= restBytes && isWhole) return {kind: 'done'};
        if (own.length > restBytes) return tooLong(this.bytes.length);
      }
    } catch (error) {
      // A line that breaks, or stays open, after the last byte takes nothing away.
      if (this.#reachedBytes < this.bytes.length) throw error;
    }
    if (this.#reachedBytes === this.bytes.length) return {kind: 'done'};
    const reason = `${this.#reachedBytes} of ${this.bytes.length} bytes came`;
    return {kind: 'again', fault: 'cut', reason};
  }

  #take(bytes: Uint8Array): void {
    this.bytes.set(bytes, this.#reachedBytes);
    this.#reachedBytes += bytes.length;
    if (bytes.length > 0) this.#options.onBytes(bytes.length);
  }
}

function tooLong(askedBytes: number): Tried {
  const reason = `more than the ${askedBytes} bytes that were asked for came`;
  return {kind: 'refused', fault: 'wrong-bytes', reason};
}

/** Why an answer of `200` or `206` cannot be read as bytes from `fromByte` on. */
function refusalOfPart({status, headers}: Response, fromByte: number): Tried | null {
  if (status === 200) {
    if (fromByte <= MOST_SKIPPED_BYTES) return null;
    return {kind: 'refused', fault: 'no-ranges', reason: 'the server ignores ranges'};
  }
  if (/^multipart\//iu.test(headers.get('content-type') ?? '')) {
    return {kind: 'refused', fault: 'wrong-bytes', reason: 'the server answered in several parts'};
  }
  // Not shown to pages of another origin unless the server exposes it.
  const contentRange = headers.get('content-range');
  if (contentRange === null || contentRange.startsWith(`bytes ${fromByte}-`)) return null;
  const reason = `the server answered with "${contentRange.slice(0, 60)}"`;
  return {kind: 'refused', fault: 'wrong-bytes', reason};
}
