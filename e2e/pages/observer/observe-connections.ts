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
  /** Every message that came in on a data channel, in whichever thread, by the page's clock. */
  readonly arrivals: readonly {readonly atUnixMs: number; readonly byteLength: number}[];
};

type Arrival = ObservedConnection['arrivals'][number];

/** A message to a channel that lives in a worker; `label` ends with the number of its connection. */
type WorkerArrival = Arrival & {readonly label: string};

declare const observedArrivals: readonly WorkerArrival[];

declare const observedConnections: readonly {
  readonly connection: RTCPeerConnection;
  readonly arrivals: readonly Arrival[];
}[];

/** As the built page names the worker of its data channels. */
const LINK_WORKER = /\/link\.worker-[^/]*\.js$/u;

/** Keeps every connection that a page makes, and what comes in on it, also in its worker. Asks nothing of Weft. */
export async function observeConnections(page: Page): Promise<void> {
  await page.addInitScript(`(${String(observe)})();`);
  await page.route(LINK_WORKER, async (route) => {
    const response = await route.fetch();
    const body = `(${String(observeWorker)})();\n${await response.text()}`;
    await route.fulfill({response, body});
  });
}

/** Plain enough, as `observe` is. */
function observeWorker(): void {
  const arrivals: WorkerArrival[] = [];
  const watched = new WeakSet();
  const watch = (channel: RTCDataChannel): void => {
    watched.add(channel);
    EventTarget.prototype.addEventListener.call(channel, 'message', (event) => {
      const data: unknown = event instanceof MessageEvent ? event.data : null;
      const byteLength = data instanceof ArrayBuffer ? data.byteLength : 0;
      const atUnixMs = performance.timeOrigin + performance.now();
      arrivals.push({label: channel.label, atUnixMs, byteLength});
    });
  };
  Object.assign(RTCDataChannel.prototype, {
    addEventListener(
      this: RTCDataChannel,
      ...settings: Parameters<EventTarget['addEventListener']>
    ): void {
      if (!watched.has(this)) watch(this);
      EventTarget.prototype.addEventListener.apply(this, settings);
    },
  });
  Object.assign(globalThis, {observedArrivals: arrivals});
}

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
      const index = observed.findIndex(({connection}) => connection === this);
      // The label of a negotiated channel means nothing to the peer; in a worker nothing else says whose it is.
      const name = options?.negotiated === true ? `${label}#${index}` : label;
      const channel = super.createDataChannel(name, options);
      const own = observed[index];
      if (own !== undefined) watch(channel, own.arrivals);
      return channel;
    }
  };
  Object.assign(globalThis, {observedConnections: observed});
}

/** The connections of a page that are open now. */
export async function readConnections(page: Page): Promise<readonly ObservedConnection[]> {
  const worker = page.workers().find((each) => LINK_WORKER.test(each.url()));
  const inWorker = (await worker?.evaluate(() => observedArrivals)) ?? [];
  return page.evaluate(async (workerArrivals) => {
    const open = observedConnections
      .map((each, index) => ({...each, index}))
      .filter(({connection}) => connection.connectionState === 'connected');
    return Promise.all(
      open.map(async ({connection, arrivals, index}) => {
        const own = workerArrivals.filter(({label}) => label.endsWith(`#${index}`));
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
          arrivals: [...arrivals, ...own],
        };
      }),
    );
  }, inWorker);
}
