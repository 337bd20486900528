import {asPeerId, type PeerId} from '../../base/ids.ts';
import {
  DIRECTORY_BEAT_MS,
  DIRECTORY_PAGE_RECORDS,
  type DirectoryReply,
} from '../../protocol/directory-message.ts';
import {toBase64} from '../records/base64.ts';
import type {JsonStream} from '../json-stream.ts';
import type {SealedRecord} from '../records/signed-record.ts';

/** Changes that come closer together than this travel as one message. */
const FLUSH_MS = 20;
type Options = {
  readonly messages: JsonStream;
  /** Which keys it wants to hear about. */
  readonly prefix: string;
  readonly held: readonly SealedRecord[];
  /** Whoever has not taken a page by then does not read. */
  readonly stallTimeoutMs: number;
  /** Asked before each page; resolves when it is this reader's turn. */
  readonly takeTurn: () => Promise<boolean>;
};

/** Every reader gets the same bytes: each record is encoded once. */
const texts = new WeakMap<Uint8Array, string>();

function textOf(value: Uint8Array): string {
  const text = texts.get(value) ?? toBase64(value);
  texts.set(value, text);
  return text;
}

/** One reader's stream. What it has not received yet is kept once per key, so a slow reader costs little. */
export class DirectoryReader {
  readonly #options: Options;
  readonly #news = new Map<PeerId, Uint8Array | 'gone'>();
  readonly #stopping = new AbortController();
  #isComplete = false;
  #wake: () => void = () => undefined;

  constructor(options: Options) {
    this.#options = options;
    for (const sealed of options.held) this.changed(sealed);
  }

  changed({key, value}: SealedRecord): void {
    this.#note(key, value);
  }

  gone(key: string): void {
    this.#note(key, 'gone');
  }

  stop(): void {
    this.#stopping.abort();
    this.#wake();
  }

  /** Resolves when the reader left, reads no more, or the server stops. */
  async run(): Promise<void> {
    while (!this.#stopping.signal.aborted) {
      if (!(await this.#options.takeTurn())) break;
      await this.#write(this.#takePage());
      if (this.#news.size === 0) await this.#waitForNews();
    }
    this.#options.messages.abort(new Error('Directory server stopped serving this reader'));
  }

  async #write(page: DirectoryReply): Promise<void> {
    const stalled = setTimeout(() => this.stop(), this.#options.stallTimeoutMs);
    try {
      await this.#options.messages.write(page, {signal: this.#stopping.signal});
    } finally {
      clearTimeout(stalled);
    }
  }

  #note(key: string, news: Uint8Array | 'gone'): void {
    const {prefix} = this.#options;
    if (!key.startsWith(prefix)) return;
    this.#news.set(asPeerId(key.slice(prefix.length)), news);
    this.#wake();
  }

  #takePage(): DirectoryReply {
    const page = this.#takeNews();
    if (this.#news.size === 0) this.#isComplete = true;
    return {
      complete: this.#isComplete,
      records: page.flatMap(([peerId, news]) =>
        news === 'gone' ? [] : [{peerId, value: textOf(news)}],
      ),
      gone: page.flatMap(([peerId, news]) => (news === 'gone' ? [peerId] : [])),
    };
  }

  #takeNews(): [PeerId, Uint8Array | 'gone'][] {
    const page: [PeerId, Uint8Array | 'gone'][] = [];
    for (const news of this.#news) {
      if (page.length === DIRECTORY_PAGE_RECORDS) break;
      page.push(news);
      this.#news.delete(news[0]);
    }
    return page;
  }

  async #waitForNews(): Promise<void> {
    const news = Promise.withResolvers<void>();
    const beat = setTimeout(news.resolve, DIRECTORY_BEAT_MS);
    this.#wake = news.resolve;
    if (this.#stopping.signal.aborted) news.resolve();
    await news.promise;
    clearTimeout(beat);
    this.#wake = () => undefined;
    if (this.#news.size > 0) await new Promise((resolve) => setTimeout(resolve, FLUSH_MS));
  }
}
