/** Everything of a page that is not the widget's to change. */
export type PageTraces = {
  readonly globals: readonly string[];
  readonly cookie: string;
  readonly storage: readonly string[];
  readonly elements: readonly string[];
};

/** Runs in a page: what it has now. Made of nothing but this function, which is sent there. */
export async function readPageTraces(): Promise<PageTraces> {
  const owners = {
    window,
    Symbol,
    Reflect,
    Object: Object.prototype,
    Array: Array.prototype,
    Promise: Promise.prototype,
    Element: Element.prototype,
    RTCPeerConnection: RTCPeerConnection.prototype,
  };
  const globals = Object.entries(owners).flatMap(([name, owner]) =>
    Object.getOwnPropertyNames(owner).map((property) => `${name}.${property}`),
  );
  const isOriginal = /\[native code\]/u.test(String(RTCPeerConnection));
  const databases = (await indexedDB.databases()).map(({name}) => `database ${name ?? ''}`);
  const caches = (await globalThis.caches.keys()).map((name) => `cache ${name}`);
  const keys = [...Object.keys(localStorage), ...Object.keys(sessionStorage)];
  const outside = document.querySelectorAll('html, head, head > *, body, body > *');
  return {
    globals: [...globals, `RTCPeerConnection is original: ${isOriginal}`].toSorted(),
    cookie: document.cookie,
    storage: [...databases, ...caches, ...keys],
    elements: Array.from(outside, ({outerHTML}) => outerHTML.replace(/>.*/su, '>')),
  };
}
