import {
  checkListed,
  type CheckListed,
  type ListedPage,
} from '#shared/directory/records/check-listed.ts';

type Checked = Awaited<ReturnType<CheckListed>>;
export type RecordRequest = {readonly callId: number; readonly page: ListedPage};
export type RecordReply = {readonly callId: number; readonly records: Checked};
type Waiting = {
  readonly page: ListedPage;
  readonly resolve: (checked: Checked | PromiseLike<Checked>) => void;
};

/** As much of a `Worker` as this needs. */
export type RecordWorker = Pick<Worker, 'addEventListener' | 'terminate'> & {
  postMessage(request: RecordRequest, transfer: Transferable[]): void;
};

/** Fewer records at once take the page about as long as handing them over, and most swarms never need the thread. */
const MANY = 8;

/**
 * Checks many records at once in a thread of their own, since a signature blocks the thread
 * that verifies it. Without that thread they are checked on the page.
 */
export class RecordChecks {
  readonly #openWorker: () => RecordWorker;
  readonly #waiting = new Map<number, Waiting>();
  #worker: RecordWorker | null = null;
  #isLost = false;
  #isClosed = false;
  #callCount = 0;

  constructor(openWorker: () => RecordWorker = openRecordWorker) {
    this.#openWorker = openWorker;
  }

  readonly check: CheckListed = async (page) => {
    const worker = page.records.length < MANY ? null : this.#workerOrNull();
    if (worker === null) return this.#isClosed ? [] : checkListed(page);
    const {promise, resolve} = Promise.withResolvers<Checked>();
    this.#callCount += 1;
    this.#waiting.set(this.#callCount, {page, resolve});
    const request: RecordRequest = {callId: this.#callCount, page};
    worker.postMessage(request, []);
    return promise;
  };

  /** Ends the thread. What was not checked by then counts as untrue. */
  close(): void {
    this.#isClosed = true;
    this.#end(() => []);
  }

  #workerOrNull(): RecordWorker | null {
    if (this.#isLost || this.#isClosed) return null;
    try {
      this.#worker ??= this.#open();
    } catch {
      this.#isLost = true; // The browser forbids it.
    }
    return this.#worker;
  }

  #open(): RecordWorker {
    const worker = this.#openWorker();
    worker.addEventListener('message', ({data}: MessageEvent<RecordReply>) => {
      this.#waiting.get(data.callId)?.resolve(data.records);
      this.#waiting.delete(data.callId);
    });
    const lose = (): void => {
      this.#isLost = true;
      this.#end(checkListed);
    };
    worker.addEventListener('error', lose);
    worker.addEventListener('messageerror', lose);
    return worker;
  }

  #end(instead: (page: ListedPage) => Checked | Promise<Checked>): void {
    this.#worker?.terminate();
    this.#worker = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const {page, resolve} of waiting) resolve(instead(page));
  }
}

function openRecordWorker(): Worker {
  return new Worker(new URL('record.worker.ts', import.meta.url), {type: 'module'});
}
