import type {Tab} from '../../swarm/tab.ts';

/** What a page holds that should not grow with the tabs that come and go. */
export type PageCounts = {
  /** Peer connections that are not closed: one for each peer. */
  readonly connections: number;
  /** Further ones of slow links, at most one for each direction. */
  readonly subflows: number;
  readonly channels: number;
  /** Links with tabs that are not there any more. */
  readonly linksWithGone: number;
  readonly listeners: number;
  /** Sessions of other tabs' answers; 0 in a tab that lends nothing. */
  readonly openSessions: number;
};

declare const weftOpen: () => Pick<PageCounts, 'connections' | 'subflows' | 'channels'>;

/** Runs in a page before any of its scripts: counts what is open without keeping it. */
export const COUNT_CONNECTIONS = `{
  const connections = new Set();
  const subflows = new Set();
  const channels = new Set();
  const open = (refs, isOpen) => {
    for (const ref of refs) if (!isOpen(ref.deref())) refs.delete(ref);
    return refs.size;
  };
  const isOpen = (one) => one !== undefined && one.connectionState !== 'closed';
  globalThis.weftOpen = () => ({
    connections: open(connections, isOpen),
    subflows: open(subflows, isOpen),
    channels: open(channels, (one) => one !== undefined && one.readyState !== 'closed'),
  });
  globalThis.RTCPeerConnection = class extends RTCPeerConnection {
    #ref = new WeakRef(this);
    constructor(...settings) {
      super(...settings);
      connections.add(this.#ref);
      this.addEventListener('datachannel', ({channel}) => void channels.add(new WeakRef(channel)));
    }
    createDataChannel(label, settings) {
      const channel = super.createDataChannel(label, settings);
      // The first id is libp2p's on every other one.
      if (settings?.id === 0 && connections.delete(this.#ref)) subflows.add(this.#ref);
      channels.add(new WeakRef(channel));
      return channel;
    }
  };
}`;

/** @param living the peer ids of all tabs that are there. */
export async function countPage(tab: Tab, living: ReadonlySet<string>): Promise<PageCounts> {
  const session = await tab.page.context().newCDPSession(tab.page);
  try {
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
      openSessions: load?.openSessions ?? 0,
    };
  } finally {
    await session.detach();
  }
}
