import type {Browser, CDPSession, Page} from 'playwright';
import {WeftError} from '#shared/base/errors.ts';

/** A browser traces one thing at a time. */
const traces = new WeakMap<Browser, Promise<unknown>>();

/**
 * The process that renders a page, by what the page's own trace says of its frame;
 * no other command of the protocol tells (Chromium 156). Takes about 100 ms.
 *
 * @returns its id on this machine.
 * @throws {WeftError} `RENDERER_UNKNOWN` when the trace does not name it.
 */
export async function rendererProcessOf(page: Page): Promise<number> {
  const browser = page.context().browser();
  if (browser === null) throw rendererUnknown();
  const before = traces.get(browser);
  const trace = Promise.resolve(before).then(
    () => traceFrames(page),
    () => traceFrames(page),
  );
  traces.set(browser, trace);
  return trace;
}

async function traceFrames(page: Page): Promise<number> {
  const session = await page.context().newCDPSession(page);
  try {
    return await readProcessId(session);
  } finally {
    await session.detach();
  }
}

async function readProcessId(session: CDPSession): Promise<number> {
  let processId: number | null = null;
  session.on('Tracing.dataCollected', ({value}) => {
    for (const event of value) processId ??= mainProcessOf(event);
  });
  const complete = new Promise<void>((resolve) => {
    session.once('Tracing.tracingComplete', () => {
      resolve();
    });
  });
  await session.send('Tracing.start', {
    transferMode: 'ReportEvents',
    traceConfig: {
      includedCategories: ['disabled-by-default-devtools.timeline'],
      excludedCategories: ['*'],
    },
  });
  await session.send('Tracing.end');
  await complete;
  if (processId === null) throw rendererUnknown();
  return processId;
}

type TracedFrame = {readonly isOutermostMainFrame?: unknown; readonly processId?: unknown};
type TraceEvent = {
  readonly name?: unknown;
  readonly args?: {readonly data?: {readonly frames?: readonly TracedFrame[]}};
};

/** The trace of a page begins with the frames that it has. */
function mainProcessOf(event: TraceEvent): number | null {
  if (event.name !== 'TracingStartedInBrowser') return null;
  const main = event.args?.data?.frames?.find(({isOutermostMainFrame}) => isOutermostMainFrame);
  return typeof main?.processId === 'number' ? main.processId : null;
}

function rendererUnknown(): WeftError {
  return new WeftError(
    {code: 'RENDERER_UNKNOWN'} as const,
    'Cannot find the process of the tab: the trace of the browser does not name it',
  );
}
