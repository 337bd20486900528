import {chromium} from 'playwright';
import {chromiumArguments} from './find-chromium.ts';

/** WebGPU is for pages of secure origins, as loopback is one; nothing is asked of it. */
const SECURE_PAGE = 'http://localhost/';
const found = new Map<string, Promise<'hardware' | 'software'>>();

/** What WebGPU runs on in this Chromium: a GPU of this machine, or, where it offers none, its processor. */
export async function findGpu(executablePath: string): Promise<'hardware' | 'software'> {
  const kind = found.get(executablePath) ?? tryGpu(executablePath);
  found.set(executablePath, kind);
  return await kind;
}

async function tryGpu(executablePath: string): Promise<'hardware' | 'software'> {
  const args = chromiumArguments({webgpu: 'hardware'});
  const browser = await chromium.launch({executablePath, args});
  try {
    const page = await browser.newPage();
    await page.route(SECURE_PAGE, async (route) => route.fulfill({body: ''}));
    await page.goto(SECURE_PAGE);
    const isGpu = await page.evaluate(async () => {
      if (!('gpu' in navigator)) return false;
      const {gpu} = navigator;
      // The first request of a browser may be lost, as for `requestGpuDevice`.
      const adapter = (await gpu.requestAdapter()) ?? (await gpu.requestAdapter());
      return adapter !== null && !adapter.info.isFallbackAdapter;
    });
    return isGpu ? 'hardware' : 'software';
  } finally {
    await browser.close();
  }
}
