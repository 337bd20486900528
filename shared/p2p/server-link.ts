import type {Libp2p} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import {multiaddr} from '@multiformats/multiaddr';
import type {Bootstrap} from '../protocol/bootstrap.ts';

export type ServerLinkState =
  | {readonly kind: 'connecting'; readonly lastCause: unknown}
  | {readonly kind: 'connected'; readonly bootstrap: Bootstrap};

export type ServerLink = {
  state(): ServerLinkState;
  /** What to add to the own clock to get the server's, in ms; 0 before the first contact. */
  clockOffsetMs(): number;
  /** Resolves at the first connection. */
  readonly connected: Promise<Bootstrap>;
  stop(): void;
};

type Options = {
  readonly libp2p: Libp2p;
  readonly fetchBootstrap: (options: {readonly signal: AbortSignal}) => Promise<Bootstrap>;
  readonly onState?: (state: ServerLinkState) => void;
};

const DIAL_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 250;
const MAX_RETRY_MS = 4_000;
/** A lost connection is an event; this only catches what events miss. */
const CHECK_MS = 5_000;

/**
 * Keeps a connection to the signal server, over restarts that change its peer
 * id. libp2p's own reservation on a fixed relay never comes back after a
 * restart (js-libp2p #3601); a fresh connection makes it search again.
 */
export function startServerLink(options: Options): ServerLink {
  const link = new LinkLoop(options);
  void link.run();
  return link;
}

class LinkLoop implements ServerLink {
  readonly #options: Options;
  readonly #stopping = new AbortController();
  readonly #first = Promise.withResolvers<Bootstrap>();
  #state: ServerLinkState = {kind: 'connecting', lastCause: null};
  #clockOffsetMs = 0;
  #serverId = '';

  constructor(options: Options) {
    this.#options = options;
  }

  get connected(): Promise<Bootstrap> {
    return this.#first.promise;
  }

  state(): ServerLinkState {
    return this.#state;
  }

  clockOffsetMs(): number {
    return this.#clockOffsetMs;
  }

  stop(): void {
    this.#stopping.abort();
  }

  async run(): Promise<void> {
    let retryMs = FIRST_RETRY_MS;
    while (!this.#stopping.signal.aborted) {
      try {
        const bootstrap = await this.#connect();
        retryMs = FIRST_RETRY_MS;
        this.#first.resolve(bootstrap);
        this.#enter({kind: 'connected', bootstrap});
        await this.#untilLost(bootstrap);
        this.#enter({kind: 'connecting', lastCause: null});
      } catch (cause) {
        this.#enter({kind: 'connecting', lastCause: cause});
        await this.#pause(retryMs);
        retryMs = Math.min(MAX_RETRY_MS, retryMs * 2);
      }
    }
  }

  async #connect(): Promise<Bootstrap> {
    const {libp2p, fetchBootstrap} = this.#options;
    const signal = AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(DIAL_TIMEOUT_MS)]);
    const askedAtMs = Date.now();
    const bootstrap = await fetchBootstrap({signal});
    this.#clockOffsetMs = Math.round(bootstrap.nowMs - (askedAtMs + Date.now()) / 2);
    await this.#forgetOtherServer(bootstrap.peerId);
    await libp2p.dial(
      bootstrap.addresses.map((text) => multiaddr(text)),
      {signal},
    );
    return bootstrap;
  }

  /** A server that came back under another id is gone: nobody should try to dial it. */
  async #forgetOtherServer(serverId: string): Promise<void> {
    if (this.#serverId !== '' && this.#serverId !== serverId) {
      await this.#options.libp2p.peerStore.delete(peerIdFromString(this.#serverId));
    }
    this.#serverId = serverId;
  }

  async #untilLost({peerId}: Bootstrap): Promise<void> {
    const {libp2p} = this.#options;
    const server = peerIdFromString(peerId);
    while (!this.#stopping.signal.aborted && libp2p.getConnections(server).length > 0) {
      const lost = Promise.withResolvers<void>();
      libp2p.addEventListener('peer:disconnect', () => lost.resolve(), {once: true});
      await Promise.race([lost.promise, this.#pause(CHECK_MS)]);
    }
  }

  async #pause(delayMs: number): Promise<void> {
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, delayMs);
    this.#stopping.signal.addEventListener('abort', () => over.resolve(), {once: true});
    await over.promise;
    clearTimeout(timer);
  }

  #enter(state: ServerLinkState): void {
    this.#state = state;
    this.#options.onState?.(state);
  }
}
