import {fileURLToPath} from 'node:url';
import type {Browser, Page} from 'playwright';
import {build} from 'vite';
import {asPeerId, type ManifestHash, type PeerId} from '#shared/base/ids.ts';
import type {SealedRecord} from '#shared/directory/records/signed-record.ts';
import type {Flood, FloodCount, HostileControl, ToldMessage} from './hostile-control.ts';

declare const weftHostile: HostileControl;

const PAGE_DIR = fileURLToPath(new URL('./', import.meta.url));
const PAGE_PATH = 'hostile';
const TOLD_TIMEOUT_MS = 60_000;

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
 * whatever it is given and remembers what it is told.
 */
export class HostilePeer {
  readonly peerId: PeerId;
  readonly #page: Page;
  readonly #told: ToldMessage[];
  readonly #wake: Set<() => void>;

  private constructor(
    page: Page,
    parts: {
      readonly peerId: string;
      readonly told: ToldMessage[];
      readonly wake: Set<() => void>;
    },
  ) {
    this.#page = page;
    this.peerId = asPeerId(parts.peerId);
    this.#told = parts.told;
    this.#wake = parts.wake;
  }

  /** @param options.siteUrl of a site that `buildHostilePage` was called for. */
  static async join(
    browser: Browser,
    options: {readonly siteUrl: string; readonly manifestHash: ManifestHash},
  ): Promise<HostilePeer> {
    const context = await browser.newContext();
    const page = await context.newPage();
    const told: ToldMessage[] = [];
    const wake = new Set<() => void>();
    await page.exposeFunction('weftTold', (message: ToldMessage) => {
      told.push(message);
      for (const listener of wake) listener();
    });
    await page.goto(`${options.siteUrl}/${PAGE_PATH}/index.html`);
    await page.waitForFunction('globalThis.weftHostile !== undefined');
    const {manifestHash} = options;
    const {peerId} = await page.evaluate((hash) => weftHostile.join(hash), {manifestHash});
    return new HostilePeer(page, {peerId, told, wake});
  }

  /** Sends frames, in order; resolves when the peer has taken the last of them. */
  async send(to: PeerId, frames: readonly Uint8Array[]): Promise<void> {
    const encoded = frames.map((frame) => Buffer.from(frame).toString('base64'));
    await this.#page.evaluate(([peer, list]) => weftHostile.send(peer, list), [
      to,
      encoded,
    ] as const);
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

  /** Resolves with the first message like this that was told so far or is told soon. */
  async waitForTold(wanted: Partial<ToldMessage>): Promise<ToldMessage> {
    const signal = AbortSignal.timeout(TOLD_TIMEOUT_MS);
    for (;;) {
      const found = this.#told.find((message) => matches(message, wanted));
      if (found !== undefined) return found;
      await this.#nextTold(signal, wanted);
    }
  }

  /** What was told before is not waited for any more. */
  forgetTold(): void {
    this.#told.length = 0;
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

  async #nextTold(signal: AbortSignal, wanted: Partial<ToldMessage>): Promise<void> {
    const told = Promise.withResolvers<void>();
    const onAbort = (): void => {
      const heard = JSON.stringify(this.#told.slice(-5));
      told.reject(new Error(`Never told ${JSON.stringify(wanted)}; last told: ${heard}`));
    };
    this.#wake.add(told.resolve);
    signal.addEventListener('abort', onAbort);
    try {
      await told.promise;
    } finally {
      this.#wake.delete(told.resolve);
      signal.removeEventListener('abort', onAbort);
    }
  }
}

function matches(message: ToldMessage, wanted: Partial<ToldMessage>): boolean {
  return (['from', 'sessionId', 'kind', 'code'] as const).every(
    (field) => wanted[field] === undefined || wanted[field] === message[field],
  );
}
