import type {Page} from 'playwright';
import {rewriteCandidates} from './rewrite-candidates.ts';
import type {UdpProxy} from './udp-proxy.ts';

declare const weftHear: (heard: string) => Promise<string>;
declare const proxiedConnections: readonly RTCPeerConnection[];

/** From its next load on, a page hears addresses of the proxy in place of those of its peers. */
export async function putBehindProxy(page: Page, proxy: UdpProxy<Page>): Promise<void> {
  await page.exposeFunction('weftHear', (heard: string) =>
    rewriteCandidates(heard, (address) => proxy.aliasOf(address, page)),
  );
  await page.addInitScript(hearAliases);
}

/** Plain enough to mean the same after any compiler, since its text is what the page gets. */
function hearAliases(): void {
  const connections: RTCPeerConnection[] = [];
  /** A candidate must not overtake the description that it belongs to. */
  const turns = new WeakMap<RTCPeerConnection, Promise<void>>();
  const inTurn = (connection: RTCPeerConnection, hear: () => Promise<void>): Promise<void> => {
    const turn = (turns.get(connection) ?? Promise.resolve()).then(hear);
    turns.set(
      connection,
      turn.catch(() => undefined),
    );
    return turn;
  };
  const Original = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    override setRemoteDescription({type, sdp}: RTCSessionDescriptionInit): Promise<void> {
      connections.push(this);
      return inTurn(this, async () => {
        await super.setRemoteDescription({type, sdp: await weftHear(sdp ?? '')});
      });
    }

    override addIceCandidate(heard?: RTCIceCandidateInit | RTCIceCandidate | null): Promise<void> {
      const fields = heard instanceof RTCIceCandidate ? heard.toJSON() : heard;
      const candidate = fields?.candidate ?? '';
      return inTurn(this, async () => {
        const alias = candidate === '' ? '' : await weftHear(candidate);
        // What is left out must not look like the end of all candidates.
        if (candidate !== '' && alias === '') return;
        await super.addIceCandidate({...fields, candidate: alias});
      });
    }
  };
  Object.assign(globalThis, {proxiedConnections: connections});
}

/** Where a page sends packets, and where those that it gets come from: ports of all addresses of its open connections. */
export async function readRemotePorts(page: Page): Promise<readonly number[]> {
  return page.evaluate(async () => {
    const ports: number[] = [];
    for (const connection of proxiedConnections) {
      if (connection.connectionState !== 'connected') continue;
      (await connection.getStats()).forEach(({type, port}: Record<string, unknown>) => {
        if (type === 'remote-candidate') ports.push(Number(port));
      });
    }
    return ports;
  });
}
