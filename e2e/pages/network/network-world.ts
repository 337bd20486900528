import {mkdtemp, rm} from 'node:fs/promises';
import {accessSync, constants} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {chromium, type Browser, type BrowserContext, type Page} from 'playwright';
import {build} from 'vite';
import {
  startSignalServer,
  type SignalServer,
} from '../../../signal-server/src/start-signal-server.ts';
import {ALL_ADDRESSES} from '../../swarm/tab.ts';
import {chromiumArguments, DISABLED_FEATURES} from '../../tools/machine/find-chromium.ts';
import {putBehindProxy} from '../../network/put-behind-proxy.ts';
import type {UdpProxy} from '../../network/udp-proxy.ts';
import type {NetworkControl, TransportChoice} from './network-control.ts';
import {RemoteTransport} from './remote-transport.ts';

declare const weftNet: NetworkControl;

const PAGE_DIR = fileURLToPath(new URL('.', import.meta.url));

/** Forces ICE through a TURN server that is not there: no direct path can come up. */
const BLOCK_WEBRTC = `
  const Original = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration) {
      super({...configuration, iceServers: [], iceTransportPolicy: 'relay'});
    }
  };`;

export type NetworkTab = {
  readonly page: Page;
  readonly peerId: string;
  readonly joinMs: number;
  readonly isIsolated: boolean;
  readonly errors: readonly string[];
  /** By default as the product's tabs do. */
  openTransport(choice?: Partial<TransportChoice>): Promise<RemoteTransport>;
};

type OpenOptions = {
  readonly isWebRtcBlocked?: boolean;
  /** Opens the tab in the same browser profile as this one. */
  readonly besides?: NetworkTab;
};

/** The test page built and served by a real signal server, and a browser to open tabs in. */
export class NetworkWorld {
  server: SignalServer;
  readonly #browser: Browser;
  readonly #staticDir: string;
  readonly #proxy: UdpProxy<Page> | null;

  private constructor(
    server: SignalServer,
    browser: Browser,
    {staticDir, proxy}: {readonly staticDir: string; readonly proxy: UdpProxy<Page> | null},
  ) {
    this.server = server;
    this.#browser = browser;
    this.#staticDir = staticDir;
    this.#proxy = proxy;
  }

  /** @param proxy what all packets between the tabs pass. */
  static async start(proxy: UdpProxy<Page> | null = null): Promise<NetworkWorld> {
    const staticDir = await mkdtemp(join(tmpdir(), 'weft-network-'));
    await build({
      root: PAGE_DIR,
      configFile: false,
      logLevel: 'warn',
      build: {outDir: staticDir, emptyOutDir: true, target: 'esnext', minify: false},
    });
    const server = await startSignalServer({port: 0, staticDir});
    const browser = await chromium.launch({
      executablePath: findBrowser(),
      args: [
        '--no-sandbox',
        '--disable-dev-shm-usage',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
        '--disable-quic',
        `--disable-features=${DISABLED_FEATURES.join(',')}`,
        // A proxy knows loopback, and no names.
        ...(proxy === null ? [] : chromiumArguments({webgpu: false})),
      ],
    });
    return new NetworkWorld(server, browser, {staticDir, proxy});
  }

  /** The same port, another peer id: what a deployment without a fixed key does. */
  async restartServer(): Promise<void> {
    const {port} = this.server;
    await this.server.close();
    this.server = await startSignalServer({port, staticDir: this.#staticDir});
  }

  async openTab(options: OpenOptions = {}): Promise<NetworkTab> {
    const context = options.besides?.page.context() ?? (await this.#newContext());
    const page = await context.newPage();
    const errors: string[] = [];
    page.on('pageerror', (error) => errors.push(error.stack ?? error.message));
    page.on('console', (message) => {
      if (message.text().includes('Content Security Policy')) errors.push(message.text());
    });
    if (options.isWebRtcBlocked === true) await page.addInitScript(BLOCK_WEBRTC);
    if (this.#proxy !== null) await putBehindProxy(page, this.#proxy);
    let transport: RemoteTransport | null = null;
    await RemoteTransport.listen(page, () => transport);
    await page.goto(this.server.url);
    await page.waitForFunction('globalThis.weftNet !== undefined');
    const joined = await page.evaluate(() => weftNet.join());
    return {
      page,
      ...joined,
      errors,
      openTransport: async (choice = {}) => {
        const {way = 'channels', listener = 'test'} = choice;
        await page.evaluate((chosen) => weftNet.openTransport(chosen), {way, listener});
        transport = new RemoteTransport(page, joined.peerId);
        return transport;
      },
    };
  }

  async #newContext(): Promise<BrowserContext> {
    const permissions = this.#proxy === null ? [] : [...ALL_ADDRESSES];
    return this.#browser.newContext({permissions});
  }

  async stop(): Promise<void> {
    await this.#browser.close();
    await this.server.close();
    await rm(this.#staticDir, {recursive: true});
  }
}

function findBrowser(): string {
  const chosen = process.env['CHROMIUM_PATH'];
  if (chosen !== undefined && chosen !== '') return chosen;
  const folders = (process.env['PATH'] ?? '').split(delimiter);
  const found = folders.map((folder) => join(folder, 'chromium')).find(isExecutable);
  if (found === undefined) throw new Error('No "chromium" on the PATH: set CHROMIUM_PATH');
  return found;
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
