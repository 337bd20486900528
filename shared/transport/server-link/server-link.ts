import {Listeners} from '../../base/listeners.ts';
import type {Libp2p} from '@libp2p/interface';
import type {PeerId} from '../../base/ids.ts';
import type {Bootstrap, NamedServer} from '../../protocol/bootstrap.ts';
import {forgetServer} from './forget-server.ts';
import {ServerConnection, type ServerConnectionState} from './server-connection.ts';
import type {NamedServers} from './named-servers.ts';
import {createSwarmClock, type SwarmClock} from './swarm-clock.ts';

export type ServerLinkState =
  | {readonly kind: 'connecting'; readonly lastCause: unknown}
  | {readonly kind: 'connected'; readonly bootstrap: Bootstrap};

/** The tab's link to all servers that the bootstrap names. */
export interface ServerLink extends NamedServers {
  /** Connected while at least one named server is. */
  state(): ServerLinkState;
  /**
   * Reads the server's clock again.
   *
   * @throws what `fetchBootstrap` throws.
   */
  readClock(options: {readonly signal: AbortSignal}): Promise<void>;
  /** The network may have gone, be back, or be another one: everything is tried at once. */
  tryAtOnce(): void;
  /** Nobody is dialled or asked any more: the page is away, and may be back. */
  pause(): void;
  /** As before, and at once. */
  resume(): void;
  readonly isPaused: boolean;
  /**
   * Calls `listener` about once a second; while a server is heard, also in a page that
   * has been hidden for long, whose timers browsers fire once a minute.
   */
  onBeat(listener: () => void): () => void;
  /**
   * Calls `listener` when this tab is back: its page was stopped or away, its machine slept,
   * or its network has gone, is back or is another one.
   */
  onReturn(listener: () => void): () => void;
  /** Resolves at the first connection. */
  readonly connected: Promise<Bootstrap>;
  stop(): void;
}

type Options = {
  readonly libp2p: Libp2p;
  readonly fetchBootstrap: (options: {readonly signal: AbortSignal}) => Promise<Bootstrap>;
  /** Set by this link, from what the servers say. */
  readonly clock?: SwarmClock;
  readonly onState?: (state: ServerLinkState) => void;
  /** Calls `listener` when the network has gone, is back or is another one, until the function that it returns is called. */
  readonly onNetworkChange?: (listener: () => void) => () => void;
};

const BEAT_MS = 1_000;
/** A beat that comes later than this: the page was frozen, or computed without a break. */
const AWAY_MS = 3_000;
/** The clock is read this often although nothing seems wrong, and who else is named. */
const CLOCK_AGE_MS = 20_000;
const READ_TIMEOUT_MS = 5_000;
/** libp2p tries to come back to a lost relay for about this long. */
const FORGET_MS = 60_000;

/**
 * Keeps connections to all named servers side by side, over restarts that
 * change their peer ids and over sleep, and the swarm's clock by what they say.
 * libp2p's own reservation on a fixed relay never comes back after a restart
 * (js-libp2p #3601); a fresh connection makes it search again.
 */
export function startServerLink(options: Options): ServerLink {
  return new NamedServersLink(options);
}

class NamedServersLink implements ServerLink {
  readonly #options: Options;
  readonly #clock: SwarmClock;
  readonly #first = Promise.withResolvers<Bootstrap>();
  readonly #listeners = new Listeners();
  readonly #beatListeners = new Listeners();
  readonly #returnListeners = new Listeners();
  /** The server of the page, whoever it is by then. */
  readonly #home: ServerConnection;
  readonly #peers = new Map<PeerId, {server: NamedServer; readonly connection: ServerConnection}>();
  /** Until when what libp2p still remembers of a server is removed. */
  readonly #forgetUntilMs = new Map<PeerId, number>();
  readonly #timer: ReturnType<typeof setInterval>;
  readonly #forgetNetwork: () => void;
  #bootstrap: Bootstrap | null = null;
  #isStopped = false;
  #isPaused = false;
  #lastBeatMs = performance.now();
  #lastReadMs = performance.now();
  #isReading = false;
  /** When the answer was asked for that names the servers. */
  #takenAskedAtMs = -Infinity;
  #stateKind: ServerLinkState['kind'] = 'connecting';

  constructor(options: Options) {
    this.#options = options;
    this.#clock = options.clock ?? createSwarmClock();
    this.#home = this.#start(async (locateOptions) => await this.#read(locateOptions));
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    const onNetworkChange = (): void => {
      this.tryAtOnce();
      this.#returnListeners.call();
    };
    this.#forgetNetwork = options.onNetworkChange?.(onNetworkChange) ?? (() => undefined);
  }

  get connected(): Promise<Bootstrap> {
    return this.#first.promise;
  }

  state(): ServerLinkState {
    const bootstrap = this.#bootstrap;
    const states = this.#connections().map((connection) => connection.state());
    if (bootstrap !== null && states.some(({kind}) => kind === 'connected')) {
      return {kind: 'connected', bootstrap};
    }
    const home = this.#home.state();
    return {kind: 'connecting', lastCause: home.kind === 'connecting' ? home.lastCause : null};
  }

  namedServers(): readonly NamedServer[] {
    const home = this.#bootstrap === null ? [] : [this.#bootstrap];
    const peers = [...this.#peers.values()].map(({server}) => server);
    return [...home, ...peers].map(({peerId, addresses}) => ({peerId, addresses}));
  }

  onServersChanged(listener: () => void): () => void {
    return this.#listeners.add(listener);
  }

  heard(serverId: PeerId): void {
    this.#connectionTo(serverId)?.heard();
    if (performance.now() - this.#lastBeatMs >= BEAT_MS) this.#beat();
  }

  onBeat(listener: () => void): () => void {
    return this.#beatListeners.add(listener);
  }

  onReturn(listener: () => void): () => void {
    return this.#returnListeners.add(listener);
  }

  suspect(serverId: PeerId): void {
    this.#connectionTo(serverId)?.suspect();
  }

  async readClock(options: {readonly signal: AbortSignal}): Promise<void> {
    await this.#read(options);
  }

  tryAtOnce(): void {
    for (const connection of this.#connections()) connection.tryAtOnce();
    this.#readInBackground();
  }

  get isPaused(): boolean {
    return this.#isPaused;
  }

  pause(): void {
    this.#isPaused = true;
    for (const connection of this.#connections()) connection.pause();
  }

  resume(): void {
    this.#isPaused = false;
    for (const connection of this.#connections()) connection.resume();
    this.#returnListeners.call();
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#forgetNetwork();
    for (const connection of this.#connections()) connection.stop();
    this.#listeners.clear();
    this.#beatListeners.clear();
    this.#returnListeners.clear();
  }

  #connections(): readonly ServerConnection[] {
    return [this.#home, ...[...this.#peers.values()].map(({connection}) => connection)];
  }

  #connectionTo(serverId: PeerId): ServerConnection | undefined {
    if (this.#bootstrap?.peerId === serverId) return this.#home;
    return this.#peers.get(serverId)?.connection;
  }

  #start(
    locate: (options: {readonly signal: AbortSignal}) => Promise<NamedServer>,
  ): ServerConnection {
    const connection = new ServerConnection({
      libp2p: this.#options.libp2p,
      locate,
      onState: (state) => this.#changed(state),
    });
    void connection.run();
    return connection;
  }

  /** Looks after the clocks, and after the connections when this page itself was away. */
  #beat(): void {
    if (this.#isStopped) return;
    const sinceMs = performance.now() - this.#lastBeatMs;
    this.#lastBeatMs += sinceMs;
    // The stopwatch may have stopped while the machine slept.
    const wasAway = sinceMs > AWAY_MS || this.#clock.isDoubtful();
    if (wasAway) for (const connection of this.#connections()) connection.suspect();
    const ageMs = performance.now() - this.#lastReadMs;
    if (wasAway || ageMs > CLOCK_AGE_MS) this.#readInBackground();
    this.#beatListeners.call();
    if (wasAway && !this.#isPaused) this.#returnListeners.call();
    this.#forgetGone().catch(() => {
      // A node that is being stopped has nothing to forget; the next beat tries again otherwise.
    });
  }

  #readInBackground(): void {
    if (this.#isStopped || this.#isPaused || this.#isReading) return;
    this.#isReading = true;
    this.#read({signal: AbortSignal.timeout(READ_TIMEOUT_MS)})
      .catch(() => {
        // Whether the server is there is for its connection to judge; the next beat reads again.
      })
      .finally(() => (this.#isReading = false));
  }

  /** Asks the page's server for the time and for the names. */
  async #read(options: {readonly signal: AbortSignal}): Promise<Bootstrap> {
    const askedAtMs = performance.now();
    this.#lastReadMs = askedAtMs;
    const bootstrap = await this.#options.fetchBootstrap(options);
    const roundTripMs = performance.now() - askedAtMs;
    this.#clock.anchor({serverNowMs: bootstrap.nowMs, roundTripMs});
    // An answer that was overtaken may name a server that is gone.
    if (askedAtMs >= this.#takenAskedAtMs) {
      this.#takenAskedAtMs = askedAtMs;
      await this.#take(bootstrap);
    }
    return bootstrap;
  }

  async #take(bootstrap: Bootstrap): Promise<void> {
    const last = this.#bootstrap;
    this.#bootstrap = bootstrap;
    const gone = this.#setPeers(bootstrap);
    if (last !== null && last.peerId !== bootstrap.peerId) gone.push(last.peerId);
    const named = new Set(this.namedServers().map(({peerId}) => peerId));
    for (const peerId of named) this.#forgetUntilMs.delete(peerId);
    for (const peerId of gone.filter((id) => !named.has(id))) {
      this.#forgetUntilMs.set(peerId, performance.now() + FORGET_MS);
    }
    await this.#forgetGone();
    if (gone.length > 0) this.#notify();
  }

  /** More than once: what libp2p has in hand when a server goes brings back some of its entry. */
  async #forgetGone(): Promise<void> {
    for (const [peerId, untilMs] of this.#forgetUntilMs) {
      if (performance.now() > untilMs) this.#forgetUntilMs.delete(peerId);
      await forgetServer(this.#options.libp2p, peerId);
    }
  }

  /** @returns who is not named any longer. */
  #setPeers({peerId: homeId, peers}: Bootstrap): PeerId[] {
    const named = new Map(peers.map((server) => [server.peerId, server]));
    named.delete(homeId);
    const gone = [...this.#peers.keys()].filter((peerId) => !named.has(peerId));
    for (const peerId of gone) {
      this.#peers.get(peerId)?.connection.stop();
      this.#peers.delete(peerId);
    }
    for (const [peerId, server] of named) {
      const held = this.#peers.get(peerId);
      if (held !== undefined) held.server = server;
      else this.#peers.set(peerId, {server, connection: this.#startPeer(server)});
    }
    return gone;
  }

  #startPeer(first: NamedServer): ServerConnection {
    return this.#start(() => Promise.resolve(this.#peers.get(first.peerId)?.server ?? first));
  }

  #changed(state: ServerConnectionState): void {
    if (this.#isStopped) return;
    if (state.kind === 'connected' && this.#bootstrap !== null) {
      this.#first.resolve(this.#bootstrap);
    }
    const next = this.state();
    const isNews = next.kind === 'connecting' || this.#stateKind === 'connecting';
    this.#stateKind = next.kind;
    if (isNews) this.#options.onState?.(next);
    this.#notify();
  }

  #notify(): void {
    this.#listeners.call();
  }
}
