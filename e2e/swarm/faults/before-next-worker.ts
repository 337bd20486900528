import type {Page, Route} from 'playwright';

/**
 * The next worker of the engine runs `script` before its own. Only that one: while
 * Playwright answers requests of a page, its browser keeps nothing that it loads.
 */
export async function beforeNextWorker(page: Page, script: string): Promise<void> {
  const change = async (route: Route): Promise<void> => {
    const response = await route.fetch();
    await route.fulfill({response, body: `${script}\n${await response.text()}`});
  };
  await page.route('**/engine.worker-*.js', change, {times: 1});
}
