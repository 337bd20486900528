import type {Tab} from '../tab.ts';

declare const weftTestClock: {aheadMs: number};

/** For a tab whose wall clock is wrong from its first moment, in `Date.now` and `new Date` alike. */
export function wrongClockScript(aheadMs: number): string {
  return `{
    const RealDate = Date;
    const clock = {aheadMs: ${aheadMs}};
    globalThis.weftTestClock = clock;
    globalThis.Date = class extends RealDate {
      constructor(...fields) {
        if (fields.length === 0) super(RealDate.now() + clock.aheadMs);
        else super(...fields);
      }
      static now() {
        return RealDate.now() + clock.aheadMs;
      }
    };
  }`;
}

/** Sets the wall clock of such a tab, as a person or a time service would. @returns what the tab reads. */
export async function setClock(tab: Tab, aheadMs: number): Promise<number> {
  return await tab.page.evaluate((nextMs) => {
    weftTestClock.aheadMs = nextMs;
    return new Date().getTime();
  }, aheadMs);
}
