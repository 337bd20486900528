type Events = Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;

/** What the browser says of its network; `window` and `navigator.connection`, but for tests. */
type Sources = {
  readonly page: Events;
  /** `null` where the browser does not tell. */
  readonly connection: (Events & {readonly type?: unknown}) | null;
};

/**
 * Calls `listener` when the network has gone, is back, or is of another kind: a phone that leaves
 * a Wi-Fi is never offline, but none of its connections works any more.
 */
export function onNetworkChange(
  listener: () => void,
  {page, connection}: Sources = sourcesOfBrowser(),
): () => void {
  let kind = connection?.type;
  const listenToKind = (): void => {
    // The event also comes with each new estimate of how fast the network is.
    if (connection?.type === kind) return;
    kind = connection?.type;
    listener();
  };
  page.addEventListener('online', listener);
  page.addEventListener('offline', listener);
  connection?.addEventListener('change', listenToKind);
  return () => {
    page.removeEventListener('online', listener);
    page.removeEventListener('offline', listener);
    connection?.removeEventListener('change', listenToKind);
  };
}

function sourcesOfBrowser(): Sources {
  const connection = 'connection' in navigator ? navigator.connection : null;
  return {page: globalThis, connection: connection instanceof EventTarget ? connection : null};
}
