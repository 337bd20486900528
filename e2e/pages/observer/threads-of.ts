import type {Page} from 'playwright';

/** Locks by which tabs that lend say how many threads they have. */
export async function threadsOf(page: Page): Promise<readonly (string | undefined)[]> {
  const {held} = await page.evaluate(() => navigator.locks.query());
  return (held ?? []).map(({name}) => name).filter((name) => name?.startsWith('weft-threads/'));
}
