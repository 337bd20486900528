import {Worker as Thread} from 'node:worker_threads';

/** What the worker's module finds in a browser. */
const GLOBALS = `
  const {parentPort, workerData} = require('node:worker_threads');
  globalThis.addEventListener = (_, listener) => parentPort.on('message', (data) => listener({data}));
  globalThis.postMessage = (message) => parentPort.postMessage(message);
  import(workerData);
`;

/** As much of a browser's `Worker` as our workers' owners use, on a real thread. */
export class ThreadWorker extends EventTarget {
  requestCount = 0;
  readonly #thread: Thread;

  constructor(module: URL) {
    super();
    this.#thread = new Thread(GLOBALS, {eval: true, workerData: module.href});
    this.#thread.on('message', (data: unknown) =>
      this.dispatchEvent(new MessageEvent('message', {data})),
    );
    this.#thread.on('error', () => this.dispatchEvent(new Event('error')));
  }

  postMessage(message: unknown, _transfer: unknown): void {
    this.requestCount += 1;
    this.#thread.postMessage(message, []);
  }

  terminate(): void {
    void this.#thread.terminate();
  }
}
