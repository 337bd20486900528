import {mkdir} from 'node:fs/promises';
import {fileURLToPath} from 'node:url';
import {chromium, type Browser, type BrowserContextOptions, type Page} from 'playwright';
import type {LabLendRequest} from '../../web/src/node/lending/lab-lend.ts';
import {assert} from '#shared/base/assert.ts';
import type {NamedServer} from '#shared/protocol/bootstrap.ts';
import {startSignalServer, type SignalServer} from '../../signal-server/src/start-signal-server.ts';
import type {SocketLimits} from '../../signal-server/src/limits/socket-limits.ts';
import {chromiumArguments, findChromium} from '../tools/machine/find-chromium.ts';
import {findGpu} from '../tools/machine/find-gpu.ts';
import type {ServerProcess} from './server/server-process.ts';
import {startServerProcesses} from './server/start-server-processes.ts';
import {Tab, type OpenTabOptions} from './tab.ts';

const DIST_DIR = fileURLToPath(new URL('../../dist', import.meta.url));

const LAUNCH_TIMEOUT_MS = 120_000;

/** More than any run on one machine opens. */
const MAX_TABS = 100;

export type SwarmOptions = {
  /** Folder with the model files that `/models` serves. */
  readonly modelsDir: string;
  /** 0: any free port. */
  readonly port: number;
  /** Whether tabs have WebGPU: on a GPU, or where there is none, or for `software`, on the processor. */
  readonly webgpu: boolean | 'software';
  readonly log: (line: string) => void;
  /** The built page; by default, that of this repository. */
  readonly siteDir?: string;
  /** Where tabs find the page, when that is behind a proxy. */
  readonly publicUrl?: string;
  /** Runs in every tab before any of its scripts: for who watches from inside, or breaks something. */
  readonly initScript?: string;
  /** Called with every page before anything is loaded. */
  readonly prepare?: (page: Page) => Promise<void>;
  /** Other servers that the bootstrap names to tabs. */
  readonly peers?: readonly NamedServer[];
  /** Of the signal server; by default, those of `npm start`. */
  readonly socketLimits?: Partial<SocketLimits>;
  /** So many servers, which know each other, in processes of their own, which can be killed; by default, one in this process. */
  readonly serverProcesses?: number;
  /** Of these processes: variables beside those that every run sets, and options of Node itself. */
  readonly serverSettings?: {
    readonly env?: Readonly<Record<string, string>>;
    readonly nodeArgs?: readonly string[];
  };
  /** The name under which the browser finds the page, as though it were on a public address. */
  readonly publicHost?: string;
  /** For tests: see `chromiumArguments`. */
  readonly delaysWasmTiering?: boolean;
  /** Whether the browser keeps pages that are left in its back/forward cache, as it does for people. */
  readonly backForwardCache?: boolean;
  /** `ours`: a signal to this process does not end the browser, whoever started the swarm stops it. */
  readonly signals?: 'playwright' | 'ours';
};

type Servers =
  | {
      readonly kind: 'here';
      server: SignalServer;
      readonly start: (port: number) => Promise<SignalServer>;
    }
  | {readonly kind: 'apart'; readonly processes: readonly [ServerProcess, ...ServerProcess[]]};

/** A signal server and a browser on this machine: what every real-tab run begins with. */
export class Swarm {
  readonly #servers: Servers;
  readonly #browser: Browser;
  readonly #tabs: Tab[] = [];
  readonly #siteUrl: string;
  readonly #initScript: string | undefined;
  readonly #prepare: (page: Page) => Promise<void>;
  readonly #browserLost = new AbortController();

  private constructor(servers: Servers, browser: Browser, options: SwarmOptions) {
    this.#servers = servers;
    this.#browser = browser;
    this.#siteUrl = options.publicUrl ?? siteUrlOf(servers, options);
    this.#initScript = options.initScript;
    this.#prepare = options.prepare ?? (async () => undefined);
    browser.on('disconnected', () => {
      this.#browserLost.abort(new Error('The browser ended before the swarm was stopped'));
    });
  }

  /** Aborts when the browser is gone. */
  get browserLost(): AbortSignal {
    return this.#browserLost.signal;
  }

  static async start(options: SwarmOptions): Promise<Swarm> {
    await mkdir(options.modelsDir, {recursive: true});
    const executablePath = await findChromium({log: options.log});
    const servers = await startServers(options);
    const endsOnSignal = options.signals !== 'ours';
    try {
      const browser = await chromium.launch({
        executablePath,
        timeout: LAUNCH_TIMEOUT_MS,
        args: chromiumArguments({
          webgpu: options.webgpu === true ? await findGpu(executablePath) : options.webgpu,
          delaysWasmTiering: options.delaysWasmTiering ?? false,
          ...(options.publicHost !== undefined && {
            public: {
              host: options.publicHost,
              port: Number(new URL(siteUrlOf(servers, options)).port),
            },
          }),
        }),
        ...(options.backForwardCache === true && {
          ignoreDefaultArgs: ['--disable-back-forward-cache'],
        }),
        handleSIGINT: endsOnSignal,
        handleSIGTERM: endsOnSignal,
        handleSIGHUP: endsOnSignal,
      });
      return new Swarm(servers, browser, options);
    } catch (error) {
      await stopServers(servers);
      throw error;
    }
  }

  get browser(): Browser {
    return this.#browser;
  }

  /** The one in this process. */
  get server(): SignalServer {
    assert(this.#servers.kind === 'here', 'what a server counts is read where it runs here');
    return this.#servers.server;
  }

  /** Those in processes of their own, that of the page first. */
  get serverProcesses(): readonly ServerProcess[] {
    return this.#servers.kind === 'apart' ? this.#servers.processes : [];
  }

  /** Ends the server while `meanwhile` runs; then it is back at the same address, with another peer id. */
  async withoutServer(meanwhile: () => Promise<void>): Promise<void> {
    const servers = this.#servers;
    assert(servers.kind === 'here', 'processes are killed and started again one by one');
    const {port} = servers.server;
    await servers.server.close();
    await meanwhile();
    servers.server = await servers.start(port);
  }

  get tabs(): readonly Tab[] {
    return this.#tabs;
  }

  /** @param options `url`: a page that is served elsewhere; by default, this swarm's own. */
  async openTab(options: Partial<OpenTabOptions> = {}): Promise<Tab> {
    const initScript = this.#initScript;
    const url = this.#siteUrl;
    const tab = await Tab.open(this.#browser, {
      url,
      ...(initScript && {initScript}),
      ...options,
      prepare: async (page) => {
        await this.#prepare(page);
        await options.prepare?.(page);
      },
    });
    this.#tabs.push(tab);
    return tab;
  }

  /** A tab that joins and takes what phase 1 gives it. Resolves once it has announced that it lends. */
  async openLendingTab(
    request: LabLendRequest,
    options: Omit<OpenTabOptions, 'url'> = {},
  ): Promise<Tab> {
    const tab = await this.openTab(options);
    await tab.lend(request);
    return tab;
  }

  /** Several of them, which join together. Resolves once all serve. */
  async openServingTabs(
    count: number,
    request: LabLendRequest,
    {timeoutMs, ...options}: Omit<OpenTabOptions, 'url'> & {readonly timeoutMs: number},
  ): Promise<readonly Tab[]> {
    const tabs: Tab[] = [];
    for (let i = 0; i < count; i += 1) tabs.push(await this.openLendingTab(request, options));
    for (const tab of tabs) await tab.waitForLendState(['serving'], {timeoutMs});
    return tabs;
  }

  /**
   * The page as a person has it, in a browser context of its own.
   *
   * @param search what follows the question mark of the address.
   * @param prepare is called before anything is loaded.
   */
  async openPage(
    search: string,
    options: {
      /** A page that is served elsewhere; by default, this swarm's own. */
      readonly url?: string;
      readonly context?: BrowserContextOptions;
      readonly prepare?: (page: Page) => Promise<void> | void;
    } = {},
  ): Promise<Page> {
    const context = await this.#browser.newContext(options.context);
    const page = await context.newPage();
    await this.#prepare(page);
    await options.prepare?.(page);
    await page.goto(`${options.url ?? this.#siteUrl}?${search}`);
    return page;
  }

  /** Ends the tabs, the browser and the server; safe to call twice. */
  async stop(): Promise<void> {
    await this.#browser.close();
    await stopServers(this.#servers);
  }
}

/** Where tabs find the page, but for a proxy. */
function siteUrlOf(servers: Servers, {publicHost}: SwarmOptions): string {
  const {url} = servers.kind === 'here' ? servers.server : servers.processes[0];
  if (publicHost === undefined) return url;
  const named = new URL(url);
  named.hostname = publicHost;
  return named.href;
}

async function startServers(options: SwarmOptions): Promise<Servers> {
  const staticDir = options.siteDir ?? DIST_DIR;
  const {modelsDir, port, publicUrl = null, peers = [], serverProcesses} = options;
  if (serverProcesses !== undefined) {
    const env = {
      STATIC_DIR: staticDir,
      MODELS_DIR: modelsDir,
      MAX_TABS: String(MAX_TABS),
      TEST_SWARM: 'true',
      ...options.serverSettings?.env,
    };
    const {nodeArgs = []} = options.serverSettings ?? {};
    const processes = await startServerProcesses(serverProcesses, {env, nodeArgs});
    return {kind: 'apart', processes};
  }
  const config = {host: '127.0.0.1', staticDir, modelsDir, maxTabs: MAX_TABS, isTest: true};
  const start = (atPort: number) =>
    startSignalServer({...config, publicUrl, peers, port: atPort}, options.socketLimits);
  return {kind: 'here', server: await start(port), start};
}

async function stopServers(servers: Servers): Promise<void> {
  if (servers.kind === 'here') await servers.server.close();
  else await Promise.all(servers.processes.map((server) => server.stop()));
}
