import type {CDPSession, Page} from 'playwright';

/** What the thread of a page did. */
export type ThreadTime = {
  /** Processor time of all its tasks, collecting and compiling too. */
  readonly taskMs: number;
  readonly scriptMs: number;
};

/** The time that the main thread of one page spends, as the browser counts it. */
export class MainThread {
  readonly #session: CDPSession;
  readonly #page: Page;

  private constructor(session: CDPSession, page: Page) {
    this.#session = session;
    this.#page = page;
  }

  static async of(page: Page): Promise<MainThread> {
    const session = await page.context().newCDPSession(page);
    // Of the thread, not of the wall: a machine that is busy elsewhere does not count.
    await session.send('Performance.enable', {timeDomain: 'threadTicks'});
    await page.evaluate(() => {
      globalThis.longestTaskMs = 0;
      new PerformanceObserver((list) => {
        for (const {duration} of list.getEntries()) {
          globalThis.longestTaskMs = Math.max(globalThis.longestTaskMs ?? 0, duration);
        }
      }).observe({type: 'longtask'});
    });
    return new MainThread(session, page);
  }

  /** Since the page was opened. */
  async time(): Promise<ThreadTime> {
    const {metrics} = await this.#session.send('Performance.getMetrics');
    const msOf = (wanted: string) =>
      (metrics.find(({name}) => name === wanted)?.value ?? NaN) * 1000;
    return {taskMs: msOf('TaskDuration'), scriptMs: msOf('ScriptDuration')};
  }

  /** The longest task so far by the wall's clock, in ms; 0 when none took 50 ms. */
  async longestTaskMs(): Promise<number> {
    return this.#page.evaluate(() => globalThis.longestTaskMs ?? 0);
  }
}

declare global {
  /** Of a page that is measured. */
  var longestTaskMs: number | undefined;
}
