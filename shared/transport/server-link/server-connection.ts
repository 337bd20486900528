import type {Connection, Libp2p} from '@libp2p/interface';
import {peerIdFromString} from '@libp2p/peer-id';
import {multiaddr} from '@multiformats/multiaddr';
import type {PeerId} from '../../base/ids.ts';
import type {NamedServer} from '../../protocol/bootstrap.ts';
import {DIRECTORY_BEAT_MS} from '../../protocol/directory-message.ts';
import {awakeTimeout} from './awake-timeout.ts';
import {ServerLinkError} from './link-error.ts';
import {probeConnection} from './probe-connection.ts';

export type ServerConnectionState =
  | {readonly kind: 'connecting'; readonly lastCause: unknown}
  | {readonly kind: 'connected'; readonly server: NamedServer};

type Options = {
  readonly libp2p: Libp2p;
  /** Identity and address of the server; asked before each dial. */
  readonly locate: (options: {readonly signal: AbortSignal}) => Promise<NamedServer>;
  readonly onState: (state: ServerConnectionState) => void;
};

const DIAL_TIMEOUT_MS = 5_000;
const FIRST_RETRY_MS = 250;
/** So that a server that comes back has its tabs within 5 s. The page tells people. */
export const RETRY_EVERY_MS = 2_000;
/** Tabs that lost the same server do not all come back in the same moment. */
const RETRY_SPREAD = 0.25;
/** A connection that ends earlier counts as a failed attempt. */
const STABLE_MS = 2_000;
/** A server whose list is read says something at least every `DIRECTORY_BEAT_MS`. */
const QUIET_MS = 3 * DIRECTORY_BEAT_MS;
const PROBE_MS = 3_000;

/**
 * Keeps one connection to one signal server. It is judged by what passes: when
 * nothing was heard for a while, or somebody suspects it, a probe decides, and
 * what does not answer is ended and dialled again.
 */
export class ServerConnection {
  readonly #options: Options;
  readonly #stopping = new AbortController();
  #state: ServerConnectionState = {kind: 'connecting', lastCause: null};
  #heardAtMs = 0;
  #isSuspected = false;
  #retryMs = FIRST_RETRY_MS;
  #wake: () => void = () => undefined;
  /** Resolved when it may dial again; `null` while it may. */
  #paused: PromiseWithResolvers<void> | null = null;

  constructor(options: Options) {
    this.#options = options;
  }

  state(): ServerConnectionState {
    return this.#state;
  }

  /** Something came from the server. */
  heard(): void {
    this.#heardAtMs = performance.now();
  }

  /** Something that should have come did not: the connection is probed at once. */
  suspect(): void {
    this.#isSuspected = true;
    if (this.#state.kind === 'connected') this.#wake();
  }

  /** What is open is probed, and what is not is dialled at once. */
  tryAtOnce(): void {
    this.#isSuspected = true;
    this.#retryMs = FIRST_RETRY_MS;
    this.#wake();
  }

  /** From now on the server is not dialled. */
  pause(): void {
    this.#paused ??= Promise.withResolvers<void>();
  }

  /** Dials at once, when there is no connection. */
  resume(): void {
    this.#paused?.resolve();
    this.#paused = null;
    this.tryAtOnce();
  }

  stop(): void {
    this.#stopping.abort();
    this.#paused?.resolve();
    this.#wake();
  }

  /** Resolves when it is stopped. */
  async run(): Promise<void> {
    for (;;) {
      await this.#paused?.promise;
      if (this.#stopping.signal.aborted) return;
      const startedAtMs = performance.now();
      const cause = await this.#connectUntilLost();
      this.#enter({kind: 'connecting', lastCause: cause});
      if (performance.now() - startedAtMs > STABLE_MS && isLoss(cause)) {
        this.#retryMs = FIRST_RETRY_MS;
        continue;
      }
      await this.#pause(this.#retryMs * (1 + RETRY_SPREAD * (2 * Math.random() - 1)));
      this.#retryMs = Math.min(RETRY_EVERY_MS, this.#retryMs * 2);
    }
  }

  /** @returns why there is no connection, or none any longer. */
  async #connectUntilLost(): Promise<unknown> {
    try {
      const server = await this.#connect();
      this.heard();
      this.#isSuspected = false;
      this.#enter({kind: 'connected', server});
      return await this.#untilLost(server.peerId);
    } catch (cause) {
      return cause;
    }
  }

  async #connect(): Promise<NamedServer> {
    const {libp2p, locate} = this.#options;
    const locateSignal = this.#deadline(DIAL_TIMEOUT_MS);
    const server = await locate({signal: locateSignal});
    const signal = this.#deadline(DIAL_TIMEOUT_MS);
    try {
      const addresses = server.addresses.map((text) => multiaddr(text));
      await libp2p.dial(addresses, {signal});
      return server;
    } catch (cause) {
      throw new ServerLinkError(
        {code: 'SERVER_SOCKET_FAILED', serverId: server.peerId},
        `Cannot connect to signal server "${server.peerId}": no WebSocket could be opened`,
        {cause},
      );
    }
  }

  async #untilLost(serverId: PeerId): Promise<ServerLinkError> {
    const {signal} = this.#stopping;
    while (!signal.aborted) {
      const connections = this.#openConnections(serverId);
      if (connections.length === 0) break;
      await this.#untilDoubtful(serverId);
      if (!this.#isDoubtful() || signal.aborted) continue;
      if (await this.#isAnyAlive(connections)) this.heard();
      else return silent(serverId);
    }
    return lost(serverId);
  }

  #isDoubtful(): boolean {
    return this.#isSuspected || performance.now() - this.#heardAtMs >= QUIET_MS;
  }

  /** Resolves when the last connection ends, too, and may resolve for nothing. */
  async #untilDoubtful(serverId: PeerId): Promise<void> {
    if (this.#isDoubtful()) return;
    const {libp2p} = this.#options;
    const onDisconnect = ({detail}: CustomEvent<{toString(): string}>) => {
      if (detail.toString() === serverId) this.#wake();
    };
    libp2p.addEventListener('peer:disconnect', onDisconnect);
    await this.#pause(QUIET_MS);
    libp2p.removeEventListener('peer:disconnect', onDisconnect);
  }

  /** Probes all connections side by side, and ends those that do not answer. */
  async #isAnyAlive(connections: readonly Connection[]): Promise<boolean> {
    this.#isSuspected = false;
    const timeout = awakeTimeout(PROBE_MS, new Error(`no answer within ${PROBE_MS} ms`));
    const signal = AbortSignal.any([timeout.signal, this.#stopping.signal]);
    const outcomes = await Promise.all(
      connections.map(async (connection) => {
        try {
          await probeConnection(connection, {signal});
          return true;
        } catch (cause) {
          if (!this.#stopping.signal.aborted) {
            connection.abort(new Error('The signal server is silent', {cause}));
          }
          return false;
        }
      }),
    );
    timeout.clear();
    return outcomes.includes(true);
  }

  #openConnections(serverId: PeerId): readonly Connection[] {
    return this.#options.libp2p
      .getConnections(peerIdFromString(serverId))
      .filter(({status}) => status === 'open');
  }

  #deadline(ms: number): AbortSignal {
    return AbortSignal.any([this.#stopping.signal, AbortSignal.timeout(ms)]);
  }

  /** Ends early when something happened. */
  async #pause(delayMs: number): Promise<void> {
    if (this.#stopping.signal.aborted) return;
    const over = Promise.withResolvers<void>();
    this.#wake = over.resolve;
    const timer = setTimeout(over.resolve, delayMs);
    await over.promise;
    clearTimeout(timer);
    this.#wake = () => undefined;
  }

  #enter(state: ServerConnectionState): void {
    this.#state = state;
    this.#options.onState(state);
  }
}

function isLoss(cause: unknown): boolean {
  return cause instanceof ServerLinkError && cause.detail.code !== 'SERVER_SOCKET_FAILED';
}

function silent(serverId: PeerId): ServerLinkError {
  return new ServerLinkError(
    {code: 'SERVER_SILENT', serverId},
    `Lost signal server "${serverId}": nothing came back within ${PROBE_MS} ms`,
  );
}

function lost(serverId: PeerId): ServerLinkError {
  return new ServerLinkError(
    {code: 'SERVER_LINK_LOST', serverId},
    `Lost signal server "${serverId}": the connection was closed`,
  );
}
