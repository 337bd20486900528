import type {Tab} from '../../../swarm/tab.ts';

declare global {
  /** Ms by which this page's wall clock is wrong. */
  var weftClockShiftMs: number;
}

/**
 * For a page whose wall clock is wrong from its first script on, and can be set
 * later: `Date.now` and `new Date` both. Monotonic time stays what it is, as on a
 * machine whose clock somebody sets.
 */
export function clockScript(shiftMs: number): string {
  return `
    globalThis.weftClockShiftMs = ${shiftMs};
    globalThis.Date = class extends Date {
      constructor(...parts) {
        if (parts.length === 0) super(Date.now());
        else super(...parts);
      }
      static now() {
        return super.now() + globalThis.weftClockShiftMs;
      }
    };
  `;
}

export async function setClock(tab: Tab, shiftMs: number): Promise<void> {
  await tab.page.evaluate((ms) => {
    globalThis.weftClockShiftMs = ms;
  }, shiftMs);
}
