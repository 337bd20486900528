import type {Page} from 'playwright';

/** What the browser itself says of one open WebRTC connection of a page. */
export type ObservedConnection = {
  /** Fingerprints of the two certificates: the other page has the same two, the other way round. */
  readonly local: string;
  readonly remote: string;
  /** Over all data channels, by the browser's statistics. */
  readonly bytesSent: number;
  readonly bytesReceived: number;
  readonly localCandidateType: string;
  readonly remoteCandidateType: string;
  /** Every message that came in on a data channel, by the page's clock. */
  readonly arrivals: readonly {readonly atUnixMs: number; readonly byteLength: number}[];
};

type Arrival = ObservedConnection['arrivals'][number];

declare const observedConnections: readonly {
  readonly connection: RTCPeerConnection;
  readonly arrivals: readonly Arrival[];
}[];

/** Runs in a page before its scripts: keeps every connection that the page makes. Asks nothing of Weft. */
export const OBSERVE_CONNECTIONS = `(${String(observe)})();`;

/** Plain enough to mean the same after any compiler, since its text is what the page gets. */
function observe(): void {
  const observed: {connection: RTCPeerConnection; arrivals: Arrival[]}[] = [];
  const Original = globalThis.RTCPeerConnection;
  const watch = (channel: RTCDataChannel, arrivals: Arrival[]): void => {
    channel.addEventListener('message', ({data}: MessageEvent<ArrayBuffer>) => {
      arrivals.push({
        atUnixMs: performance.timeOrigin + performance.now(),
        byteLength: data.byteLength,
      });
    });
  };
  globalThis.RTCPeerConnection = class extends Original {
    constructor(configuration?: RTCConfiguration) {
      super(configuration);
      const arrivals: Arrival[] = [];
      observed.push({connection: this, arrivals});
      this.addEventListener('datachannel', ({channel}) => {
        watch(channel, arrivals);
      });
    }

    override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options);
      const own = observed.find(({connection}) => connection === this);
      if (own !== undefined) watch(channel, own.arrivals);
      return channel;
    }
  };
  Object.assign(globalThis, {observedConnections: observed});
}

/** The connections of a page that are open now. */
export async function readConnections(page: Page): Promise<readonly ObservedConnection[]> {
  return page.evaluate(async () => {
    const open = observedConnections.filter(
      ({connection}) => connection.connectionState === 'connected',
    );
    return Promise.all(
      open.map(async ({connection, arrivals}) => {
        const entries: Record<string, unknown>[] = [];
        (await connection.getStats()).forEach((entry: Record<string, unknown>) => {
          entries.push(entry);
        });
        const sum = (type: string, field: string): number =>
          entries
            .filter((entry) => entry['type'] === type)
            .reduce((total, entry) => total + Number(entry[field]), 0);
        const typeOf = (type: string): string =>
          String(entries.find((entry) => entry['type'] === type)?.['candidateType']);
        const {localDescription, remoteDescription} = connection;
        const [local = '', remote = ''] = [localDescription, remoteDescription].map(
          (side) => /a=fingerprint:sha-256 (\S+)/iu.exec(side?.sdp ?? '')?.[1],
        );
        return {
          local,
          remote,
          bytesSent: sum('data-channel', 'bytesSent'),
          bytesReceived: sum('data-channel', 'bytesReceived'),
          localCandidateType: typeOf('local-candidate'),
          remoteCandidateType: typeOf('remote-candidate'),
          arrivals,
        };
      }),
    );
  });
}
