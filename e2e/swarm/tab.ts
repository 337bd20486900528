import type {Browser, Page} from 'playwright';
import type {NodeRecord} from '#shared/protocol/node-record.ts';
import type {AnswerEvent, AskRequest} from '#shared/client/chat/chat-service.ts';
import type {LabLendRequest, LendLoad} from '../../web/src/node/lending/lab-lend.ts';
import type {LendState} from '../../web/src/ports/lend-service.ts';
import type {TabTraffic} from '../../web/src/app/services/lab-controls.ts';
import type {LinkReport} from '../../web/src/ports/link-service.ts';
import type {TabEvent} from '../../web/src/ports/tab-event.ts';
import type {AskResult, HeardEvent, TabControl} from '../../web/src/app/tab-control.ts';
import {rendererProcessOf} from './renderer-process.ts';

declare const weftTab: TabControl;

/** As the built page names the engine's worker. */
const ENGINE_URL = /\/engine\.worker-[^/]*$/u;

export type OpenTabOptions = {
  readonly url: string;
  readonly model?: string;
  /** Runs in the page before any of its scripts, for faults that a test wants. */
  readonly initScript?: string;
  /** Called before anything is loaded. */
  readonly prepare?: (page: Page) => Promise<void> | void;
  readonly onLog?: (line: string) => void;
  /** Hears when the lending node changes what it does, or the layers that it holds. */
  readonly onLendChanged?: (state: LendState, atUnixMs: number) => void;
  /** Hears of each change in the life of the tab. */
  readonly onTabEvent?: (event: TabEvent, atUnixMs: number) => void;
};

/** Many tabs open at once on few cores, and the machine may do other things too. */
const OPEN_TIMEOUT_MS = 120_000;
/** By default a page is looked at in each frame, so it has to draw sixty of them per second. */
const POLL_EVERY_MS = 100;

type OnEvent = (event: AnswerEvent, atUnixMs: number) => void | Promise<void>;

/**
 * A page that may use these can offer WebRTC every address of the machine, loopback
 * among them; any other only that of the default route (RFC 8828, mode 1 and 2).
 */
export const ALL_ADDRESSES = ['microphone', 'camera'] as const;

/** One real tab, in a browser context of its own, driven from outside. */
export class Tab {
  readonly page: Page;
  readonly #listeners = new Map<string, OnEvent>();
  #renderer: Promise<number> | null = null;
  #askCount = 0;

  private constructor(page: Page) {
    this.page = page;
  }

  static async open(browser: Browser, options: OpenTabOptions): Promise<Tab> {
    const context = await browser.newContext({permissions: [...ALL_ADDRESSES]});
    context.setDefaultTimeout(OPEN_TIMEOUT_MS);
    const page = await context.newPage();
    const tab = new Tab(page);
    page.on('console', (message) => options.onLog?.(`${message.type()}: ${message.text()}`));
    page.on('pageerror', (error) => options.onLog?.(`page error: ${error.stack ?? error.message}`));
    if (options.initScript !== undefined) await page.addInitScript(options.initScript);
    await options.prepare?.(page);
    page.on('crash', () => options.onLog?.('the process of the tab crashed'));
    await page.exposeFunction('weftReport', (askId: string, event: AnswerEvent, atUnixMs: number) =>
      tab.#listeners.get(askId)?.(event, atUnixMs),
    );
    const {onLendChanged, onTabEvent} = options;
    if (onLendChanged !== undefined) await page.exposeFunction('weftLendChanged', onLendChanged);
    if (onTabEvent !== undefined) await page.exposeFunction('weftTabEvent', onTabEvent);
    const search = new URLSearchParams({headless: 'true'});
    if (options.model !== undefined) search.set('model', options.model);
    await page.goto(`${options.url}?${search.toString()}`);
    await page.waitForFunction(() => 'weftTab' in globalThis, null, {polling: POLL_EVERY_MS});
    return tab;
  }

  async lend(request: LabLendRequest): Promise<void> {
    await this.page.evaluate((lendRequest) => weftTab.lend(lendRequest), request);
  }

  async stopLending(): Promise<void> {
    await this.page.evaluate(() => weftTab.stopLending());
  }

  async lendState(): Promise<LendState> {
    return this.page.evaluate(() => weftTab.lendState());
  }

  /** Polls in the page until the lending node is in one of these states. */
  async waitForLendState(
    kinds: readonly LendState['kind'][],
    {timeoutMs}: {readonly timeoutMs: number},
  ): Promise<LendState> {
    await this.page.waitForFunction((wanted) => wanted.includes(weftTab.lendState().kind), kinds, {
      timeout: timeoutMs,
      polling: POLL_EVERY_MS,
    });
    return this.lendState();
  }

  /**
   * Asks from this tab. `onEvent` is awaited before the tab goes on.
   *
   * @throws {AskFailedError} with the code and sentence that the page would show.
   */
  async ask(
    request: AskRequest,
    {
      signal,
      onEvent,
    }: {
      readonly signal?: AbortSignal;
      readonly onEvent: OnEvent;
    },
  ): Promise<void> {
    const askId = this.#nextAskId();
    this.#listeners.set(askId, onEvent);
    const cancel = (): void => {
      this.page.evaluate((id) => weftTab.cancel(id), askId).catch(() => undefined);
    };
    signal?.addEventListener('abort', cancel);
    try {
      const result: AskResult = await this.page.evaluate(
        ([id, askRequest]) => weftTab.ask(id, askRequest),
        [askId, request] as const,
      );
      throwIfFailed(result);
    } finally {
      signal?.removeEventListener('abort', cancel);
      this.#listeners.delete(askId);
    }
  }

  /**
   * Asks, and hears of nothing before the end: to tell this process of each token takes a part of a core.
   *
   * @throws {AskFailedError} as `ask`.
   */
  async askUnheard(request: AskRequest): Promise<readonly HeardEvent[]> {
    const {result, events} = await this.page.evaluate(
      ([id, askRequest]) => weftTab.askUnheard(id, askRequest),
      [this.#nextAskId(), request] as const,
    );
    throwIfFailed(result);
    return events;
  }

  async links(): Promise<readonly LinkReport[]> {
    return this.page.evaluate(() => weftTab.links());
  }

  async traffic(): Promise<TabTraffic> {
    return this.page.evaluate(() => weftTab.traffic());
  }

  /** Joins the swarm and reads what the first question needs. */
  async prepare(): Promise<void> {
    await this.page.evaluate(() => weftTab.prepare());
  }

  /** What it is serving and what it has refused; `null` while it lends nothing. */
  async lendLoad(): Promise<LendLoad | null> {
    return this.page.evaluate(() => weftTab.lendLoad());
  }

  /** What the nodes of the swarm say of themselves, as this tab last read it. */
  async knownRecords(): Promise<readonly NodeRecord[]> {
    return this.page.evaluate(() => weftTab.knownRecords());
  }

  /** The engine dies, the page lives. */
  async crashEngine(): Promise<void> {
    // Threads of an engine are workers too, and end with it.
    const engines = this.page.workers().filter((worker) => ENGINE_URL.test(worker.url()));
    if (engines.length === 0)
      await this.page.evaluate(() => weftTab.disturbEngine({kind: 'crash'}));
    for (const worker of engines) {
      await worker.evaluate(() => {
        setTimeout(() => {
          close();
          throw new Error('the engine was made to crash');
        });
      });
    }
  }

  /** From now on its engine takes so many times as long. */
  async slowDown(factor: number): Promise<void> {
    await this.page.evaluate(
      (times) => weftTab.disturbEngine({kind: 'slow', factor: times}),
      factor,
    );
  }

  /**
   * The process of the tab, remembered for `freeze` and `kill`. To find it takes every other tab
   * of the browser, so look before one of them is frozen.
   */
  async findProcess(): Promise<number> {
    this.#renderer ??= rendererProcessOf(this.page);
    return this.#renderer;
  }

  /**
   * Stops the process of the tab with everything in it, as a lid that closes does.
   * Until it goes on, no call on this tab is answered.
   *
   * @returns lets it go on; safe to call twice.
   */
  async freeze(): Promise<() => void> {
    const renderer = await this.findProcess();
    process.kill(renderer, 'SIGSTOP');
    let isFrozen = true;
    return () => {
      if (isFrozen) process.kill(renderer, 'SIGCONT');
      isFrozen = false;
    };
  }

  /** Ends the process of the tab in the middle of whatever it does. */
  async kill(): Promise<void> {
    process.kill(await this.findProcess(), 'SIGKILL');
  }

  async close(): Promise<void> {
    await this.page.context().close();
  }

  #nextAskId(): string {
    this.#askCount += 1;
    return String(this.#askCount);
  }
}

function throwIfFailed(result: AskResult): void {
  if (result.kind === 'failed') throw new AskFailedError(result.code, result.message);
}

/** What a tab says when it cannot complete an answer. */
export class AskFailedError extends Error {
  override readonly name = 'AskFailedError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}
