import {fileURLToPath} from 'node:url';
import type {Browser, Page} from 'playwright';
import {build} from 'vite';
import {asPeerId, type ManifestHash, type PeerId} from '#shared/base/ids.ts';
import type {SealedRecord} from '#shared/directory/records/signed-record.ts';
import type {LiarTask} from './start-liar.ts';
import type {Flood, FloodCount, HostileControl, ReceivedMessage} from './hostile-control.ts';

declare const weftHostile: HostileControl;

const PAGE_DIR = fileURLToPath(new URL('./', import.meta.url));
const PAGE_PATH = 'hostile';
const MESSAGE_TIMEOUT_MS = 60_000;

/** Builds the page of the hostile peer into a site, so that it has the same origin as the product. */
export async function buildHostilePage(siteDir: string): Promise<void> {
  await build({
    root: PAGE_DIR,
    base: './',
    configFile: false,
    logLevel: 'warn',
    build: {outDir: `${siteDir}/${PAGE_PATH}`, emptyOutDir: true, target: 'esnext', minify: false},
  });
}

/**
 * A peer of the swarm in a browser tab of its own, over real WebRTC, that sends
 * whatever it is given and remembers the messages that it receives.
 */
export class HostilePeer {
  readonly peerId: PeerId;
  readonly #page: Page;
  readonly #received: ReceivedMessage[];
  readonly #wake: Set<() => void>;

  private constructor(
    page: Page,
    parts: {
      readonly peerId: string;
      readonly received: ReceivedMessage[];
      readonly wake: Set<() => void>;
    },
  ) {
    this.#page = page;
    this.peerId = asPeerId(parts.peerId);
    this.#received = parts.received;
    this.#wake = parts.wake;
  }

  /** @param options.siteUrl of a site that `buildHostilePage` was called for. */
  static async join(
    browser: Browser,
    options: {readonly siteUrl: string; readonly manifestHash: ManifestHash},
  ): Promise<HostilePeer> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const received: ReceivedMessage[] = [];
    const wake = new Set<() => void>();
    await page.exposeFunction('weftReceived', (message: ReceivedMessage) => {
      received.push(message);
      for (const listener of wake) listener();
    });
    await page.goto(`${options.siteUrl}/${PAGE_PATH}/index.html`);
    await page.waitForFunction('globalThis.weftHostile !== undefined');
    const {manifestHash} = options;
    const {peerId} = await page.evaluate((hash) => weftHostile.join(hash), {manifestHash});
    return new HostilePeer(page, {peerId, received, wake});
  }

  /** Sends frames, in order; resolves when the peer has taken the last of them. */
  async send(to: PeerId, frames: readonly Uint8Array[]): Promise<void> {
    const encoded = frames.map((frame) => Buffer.from(frame).toString('base64'));
    await this.#page.evaluate(([peer, list]) => weftHostile.send(peer, list), [
      to,
      encoded,
    ] as const);
  }

  /** Another peer of its page lends some layers, and lies. Resolves once the server has its record. */
  async startLiar(task: LiarTask): Promise<PeerId> {
    const {peerId} = await this.#page.evaluate((lie) => weftHostile.startLiar(lie), task);
    return asPeerId(peerId);
  }

  async stopLiar(liar: PeerId): Promise<void> {
    await this.#page.evaluate((peer) => weftHostile.stopLiar(peer), liar);
  }

  async announce(to: PeerId, frameBytes: number): Promise<void> {
    await this.#page.evaluate(([peer, bytes]) => weftHostile.announce(peer, bytes), [
      to,
      frameBytes,
    ] as const);
  }

  /** Does this for so long, and counts. */
  async flood(
    to: PeerId,
    how: {readonly kind: Flood; readonly forMs: number},
  ): Promise<FloodCount> {
    return await this.#page.evaluate(([peer, options]) => weftHostile.flood(peer, options), [
      to,
      how,
    ] as const);
  }

  /** Resolves with the first message like this, received so far or soon. */
  async waitForMessage(wanted: Partial<ReceivedMessage>): Promise<ReceivedMessage> {
    const signal = AbortSignal.timeout(MESSAGE_TIMEOUT_MS);
    for (;;) {
      const found = this.#received.find((message) => matches(message, wanted));
      if (found !== undefined) return found;
      await this.#nextMessage(signal, wanted);
    }
  }

  /** Messages received so far no longer satisfy a wait. */
  forgetMessages(): void {
    this.#received.length = 0;
  }

  /** Signs with the key of this peer. */
  async sign(key: string, body: string): Promise<SealedRecord> {
    const value = await this.#page.evaluate(([name, text]) => weftHostile.sign(name, text), [
      key,
      body,
    ] as const);
    return {key, value: new Uint8Array(Buffer.from(value, 'base64'))};
  }

  /** @returns how many DHT servers stored it. */
  async put({key, value}: SealedRecord): Promise<number> {
    const {storedCount} = await this.#page.evaluate(
      ([name, bytes]) => weftHostile.put(name, bytes),
      [key, Buffer.from(value).toString('base64')] as const,
    );
    return storedCount;
  }

  async listed(): Promise<readonly {readonly peerId: string; readonly seq: number}[]> {
    return await this.#page.evaluate(() => weftHostile.listed());
  }

  /** Loses the connection to a peer, as a cable that is pulled. */
  async cut(to: PeerId): Promise<void> {
    await this.#page.evaluate((peer) => weftHostile.cut(peer), to);
  }

  async close(): Promise<void> {
    await this.#page.close();
  }

  async #nextMessage(signal: AbortSignal, wanted: Partial<ReceivedMessage>): Promise<void> {
    const received = Promise.withResolvers<void>();
    const onAbort = (): void => {
      const last = JSON.stringify(this.#received.slice(-5));
      received.reject(
        new Error(`Never received ${JSON.stringify(wanted)}; last received: ${last}`),
      );
    };
    this.#wake.add(received.resolve);
    signal.addEventListener('abort', onAbort);
    try {
      await received.promise;
    } finally {
      this.#wake.delete(received.resolve);
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function matches(message: ReceivedMessage, wanted: Partial<ReceivedMessage>): boolean {
  return (['from', 'sessionId', 'kind', 'code'] as const).every(
    (field) => wanted[field] === undefined || wanted[field] === message[field],
  );
}
