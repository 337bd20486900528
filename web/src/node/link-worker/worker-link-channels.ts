import type {Connection} from '@libp2p/interface';
import {WeftError} from '#shared/base/errors.ts';
import {Listeners} from '#shared/base/listeners.ts';
import type {
  HalfAtChannel,
  LinkChannels,
  OpenedChannel,
  OpenedSubflow,
} from '#shared/transport/channel/link-channels.ts';
import {PeerSubflow} from './peer-subflow.ts';
import {findPeerConnection} from '../swarm/libp2p-node/find-peer-connection.ts';

/** Above the ids of libp2p's own channels and below those of links; one for each side that may ask. */
const PROBES_IDS = {dialler: 510, dialled: 511};

/** To the worker: one half of a link, and what it needs. */
export type OpenHalf = {
  readonly half: HalfAtChannel;
  readonly channel: RTCDataChannel;
  readonly port: MessagePort;
};
/** From the worker, whenever it changes. */
export type OpenHalves = {readonly openHalves: number};

export class LinkWorkerLostError extends WeftError<{readonly code: 'LINK_WORKER_LOST'}> {
  override readonly name = 'LinkWorkerLostError';

  constructor(why: string) {
    super(
      {code: 'LINK_WORKER_LOST'},
      `Lost the worker of the links: ${why}; links are opened again on the page, and a busy page may delay them`,
    );
  }
}

/**
 * Data channels on libp2p's own connections, in a worker that does nothing else. The worker starts
 * with the first of them; where the browser has none for this page, nothing fits.
 */
export class WorkerLinkChannels implements LinkChannels {
  readonly #lossListeners = new Listeners<[LinkWorkerLostError]>();
  readonly #lost = new AbortController();
  #worker: Worker | null = null;
  #openHalves = 0;
  #subflowCount = 0;

  /** What the worker holds now. */
  get openHalves(): number {
    return this.#openHalves;
  }

  /** How many second subflows were begun, asked for here or by a peer. */
  get subflowCount(): number {
    return this.#subflowCount;
  }

  /** The links that the worker had are lost with it; from then on frames go over streams. */
  onLost(listener: (error: LinkWorkerLostError) => void): () => void {
    return this.#lossListeners.add(listener);
  }

  fits(connection: Connection): boolean {
    return findPeerConnection(connection) !== null && this.#workerOrNull() !== null;
  }

  open(connection: Connection, channelId: number, half: HalfAtChannel): OpenedChannel {
    const peerConnection = findPeerConnection(connection);
    const worker = this.#workerOrNull();
    if (peerConnection === null || worker === null) throw new Error('No data channel can be had');
    const channel = peerConnection.createDataChannel('', {negotiated: true, id: channelId});
    const {port1, port2} = new MessageChannel();
    const message: OpenHalf = {half, channel, port: port2};
    try {
      // A channel can be transferred in the task that makes it, and never again.
      worker.postMessage(message, [channel, port2]);
    } catch (cause) {
      channel.close();
      this.#lose(new Error('The browser transfers no data channel', {cause}));
      throw cause;
    }
    return {port: port1, lost: this.#lost.signal};
  }

  openSubflow(
    connection: Connection,
    half: Parameters<LinkChannels['openSubflow']>[1],
  ): OpenedSubflow {
    const main = findPeerConnection(connection);
    if (main === null) throw new Error('No data channel can be had');
    this.#subflowCount += 1;
    const isDiallers = half.isOffering === (connection.direction === 'outbound');
    const mainProbesId = isDiallers ? PROBES_IDS.dialler : PROBES_IDS.dialled;
    return new PeerSubflow({main, mainProbesId, ...half});
  }

  close(): void {
    this.#lose(new Error('The links are closed'));
  }

  #workerOrNull(): Worker | null {
    if (this.#lost.signal.aborted) return null;
    try {
      this.#worker ??= this.#start();
    } catch (cause) {
      // Forbidden to this page, or served by another site: then nobody misses it.
      this.#lose(new Error('The browser starts no worker', {cause}));
    }
    return this.#worker;
  }

  #start(): Worker {
    const worker = new Worker(new URL('link.worker.ts', import.meta.url), {type: 'module'});
    worker.addEventListener('message', ({data}: MessageEvent<OpenHalves>) => {
      this.#openHalves = data.openHalves;
    });
    const fail = (why: string): void => {
      if (this.#lost.signal.aborted) return;
      const error = new LinkWorkerLostError(why);
      this.#lose(error);
      this.#lossListeners.call(error);
    };
    worker.addEventListener('error', ({message}) => {
      fail(message === undefined ? 'it did not start' : message);
    });
    worker.addEventListener('messageerror', () => {
      fail('it could not be read');
    });
    return worker;
  }

  #lose(reason: Error): void {
    this.#lost.abort(reason);
    this.#worker?.terminate();
    this.#worker = null;
    this.#openHalves = 0;
  }
}
