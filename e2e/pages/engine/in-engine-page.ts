import {chromium, type Page} from 'playwright';
import {chromiumArguments, findChromium} from '../../tools/machine/find-chromium.ts';
import {findGpu} from '../../tools/machine/find-gpu.ts';

/** A GPU that this machine's CPU plays compiles for minutes. */
const PAGE_TIMEOUT_MS = 1_800_000;

/** Opens the engine's test page in a browser, which is gone when `act` has ended or the signal aborts. */
export async function inEnginePage<T>(
  options: {
    readonly url: string;
    readonly engine: 'wasm' | 'webgpu';
    readonly log: (line: string) => void;
    readonly signal: AbortSignal;
    /** What the page's script makes when it has run. */
    readonly global?: string;
  },
  act: (page: Page) => Promise<T>,
): Promise<T> {
  const {url, engine, log, signal, global = 'enginePage'} = options;
  const executablePath = await findChromium({log, signal});
  const webgpu = engine === 'webgpu' && (await findGpu(executablePath));
  const browser = await chromium.launch({executablePath, args: chromiumArguments({webgpu})});
  const stop = (): void => void browser.close();
  signal.addEventListener('abort', stop);
  try {
    const page = await browser.newPage();
    page.setDefaultTimeout(PAGE_TIMEOUT_MS);
    await page.goto(url);
    await page.waitForFunction((name) => name in globalThis, global);
    return await act(page);
  } finally {
    signal.removeEventListener('abort', stop);
    await browser.close();
  }
}
