import type {Tab} from '../../swarm/tab.ts';

/** What a page holds that should not grow with the tabs that come and go. */
export type PageCounts = {
  /** Peer connections that are not closed. */
  readonly connections: number;
  readonly channels: number;
  /** Links with tabs that are not there any more. */
  readonly linksWithGone: number;
  readonly listeners: number;
  /** After a collection. */
  readonly heapBytes: number;
  /** Sessions of other tabs' answers; 0 in a tab that lends nothing. */
  readonly openSessions: number;
};

declare const weftOpen: () => {readonly connections: number; readonly channels: number};

/** Runs in a page before any of its scripts: counts what is open without keeping it. */
export const COUNT_CONNECTIONS = `{
  const connections = new Set();
  const channels = new Set();
  const open = (refs, isOpen) => {
    for (const ref of refs) if (!isOpen(ref.deref())) refs.delete(ref);
    return refs.size;
  };
  globalThis.weftOpen = () => ({
    connections: open(connections, (one) => one !== undefined && one.connectionState !== 'closed'),
    channels: open(channels, (one) => one !== undefined && one.readyState !== 'closed'),
  });
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    constructor(...settings) {
      super(...settings);
      connections.add(new WeakRef(this));
      this.addEventListener('datachannel', ({channel}) => void channels.add(new WeakRef(channel)));
    }
    createDataChannel(...settings) {
      const channel = super.createDataChannel(...settings);
      channels.add(new WeakRef(channel));
      return channel;
    }
  };
}`;

/** @param living the peer ids of all tabs that are there. */
export async function countPage(tab: Tab, living: ReadonlySet<string>): Promise<PageCounts> {
  const session = await tab.page.context().newCDPSession(tab.page);
  try {
    await session.send('HeapProfiler.collectGarbage');
    await session.send('Performance.enable');
    const {metrics} = await session.send('Performance.getMetrics');
    const valueOf = (name: string): number => metrics.find((one) => one.name === name)?.value ?? 0;
    const open = await tab.page.evaluate(() => weftOpen());
    const load = await tab.lendLoad();
    const links = await tab.links();
    return {
      ...open,
      linksWithGone: links.filter(({peerId}) => !living.has(peerId)).length,
      listeners: valueOf('JSEventListeners'),
      heapBytes: valueOf('JSHeapUsedSize'),
      openSessions: load?.openSessions ?? 0,
    };
  } finally {
    await session.detach();
  }
}
