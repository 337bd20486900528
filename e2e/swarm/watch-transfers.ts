import type {Page, Request} from 'playwright';

export type Transfer = {
  readonly url: string;
  /** As it went over the wire: packed, without headers. */
  readonly bodyBytes: number;
};

/** Before anything is watched. */
export const NOTHING_LOADED = async (): Promise<readonly Transfer[]> => [];

/** What a page and its workers load from now on, until the result is called: that gives what has come to its end. */
export function watchTransfers(page: Page): () => Promise<readonly Transfer[]> {
  const transfers: Promise<Transfer>[] = [];
  const onFinished = (request: Request): void => {
    const url = request.url();
    if (!url.startsWith('http')) return;
    transfers.push(request.sizes().then(({responseBodySize: bodyBytes}) => ({url, bodyBytes})));
  };
  page.on('requestfinished', onFinished);
  return async () => {
    // The sizes of what comes later may be asked for when its page is gone.
    page.off('requestfinished', onFinished);
    return await Promise.all(transfers);
  };
}

export const sumBytes = (transfers: readonly Transfer[]): number =>
  transfers.reduce((sum, {bodyBytes}) => sum + bodyBytes, 0);
