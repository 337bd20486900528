import type {IncomingMessage} from 'node:http';
import type {Duplex} from 'node:stream';
import {
  TypedEventEmitter,
  type ComponentLogger,
  type Listener,
  type ListenerEvents,
  type Upgrader,
} from '@libp2p/interface';
import {ipPortToMultiaddr} from '@libp2p/utils';
import type {Multiaddr} from '@multiformats/multiaddr';
import {WebSocketServer, type WebSocket} from 'ws';
import {FairTurns} from '../../limits/fair-turns.ts';
import type {Refusal} from '../../limits/refusals.ts';
import type {SourceAddress} from '../../limits/source/source-address.ts';
import type {SocketLimits} from '../../limits/socket-limits.ts';
import {StrangerSockets, type WaitingSocket} from '../../limits/stranger-sockets.ts';
import {WebSocketConnection} from './web-socket-connection.ts';

/** Twice the longest message of noise, 65,535 bytes and its length. */
const MAX_MESSAGE_BYTES = 1 << 17;
const MAX_FRAGMENTS = 256;
const CLOSE_TIMEOUT_MS = 2_000;
/** Thousands that open at once and say nothing more hold up nobody: most end before their turn. */
const UPGRADES_PER_SECOND = 200;
const UPGRADE_BURST = 50;
/** A handshake is a few ms of this process; others want to be served between. */
const HANDSHAKES_PER_SECOND = 80;
const HANDSHAKE_BURST = 50;

export type UpgradeLimits = Pick<SocketLimits, 'maxSockets' | 'handshakeTimeoutMs'> & {
  readonly refused: (reason: Refusal) => void;
  readonly sourceOf: (request: IncomingMessage) => SourceAddress;
};

/** A libp2p listener without a port: its connections are upgrades that an HTTP server hands over. */
export class UpgradeListener extends TypedEventEmitter<ListenerEvents> implements Listener {
  readonly #upgrader: Upgrader;
  readonly #logger: ComponentLogger;
  readonly #limits: UpgradeLimits;
  readonly #strangers: StrangerSockets;
  readonly #upgradeTurns: FairTurns;
  readonly #handshakeTurns: FairTurns;
  readonly #stopping = new AbortController();
  readonly #sockets = new Set<Duplex>();
  readonly #server = new WebSocketServer({
    noServer: true,
    clientTracking: false,
    maxPayload: MAX_MESSAGE_BYTES,
    maxFragments: MAX_FRAGMENTS,
    closeTimeout: CLOSE_TIMEOUT_MS,
    // One message in each turn of the event loop: the system hands over up to 2 MiB at once.
    allowSynchronousEvents: false,
  });

  constructor(init: {
    readonly upgrader: Upgrader;
    readonly logger: ComponentLogger;
    readonly limits: UpgradeLimits;
  }) {
    super();
    this.#upgrader = init.upgrader;
    this.#logger = init.logger;
    this.#limits = init.limits;
    const maxWaiting = init.limits.maxSockets;
    this.#upgradeTurns = new FairTurns({
      perSec: UPGRADES_PER_SECOND,
      burst: UPGRADE_BURST,
      maxWaiting,
    });
    this.#handshakeTurns = new FairTurns({
      perSec: HANDSHAKES_PER_SECOND,
      burst: HANDSHAKE_BURST,
      maxWaiting,
    });
    this.#strangers = new StrangerSockets(init.limits);
  }

  /** In the turn of its source. What is wrong with the upgrade is answered with a 4xx, and its socket is closed. */
  async takeUpgrade(request: IncomingMessage, socket: Duplex, head: Uint8Array): Promise<void> {
    const source = this.#limits.sourceOf(request);
    const closed = new AbortController();
    this.#sockets.add(socket);
    const waiting = this.#strangers.add({source: source.key, end: () => socket.destroy()});
    socket.once('close', () => {
      this.#sockets.delete(socket);
      waiting.leave();
      closed.abort();
    });
    if (!(await this.#upgradeTurns.take(source.key, {signal: closed.signal}))) {
      socket.destroy();
      return;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const remoteAddr = ipPortToMultiaddr(source.ip, request.socket.remotePort ?? 0);
      const handshake = {webSocket, socket, waiting, source, closed: closed.signal};
      void this.#shakeHands({...handshake, remoteAddr: remoteAddr.encapsulate('/ws')});
    });
  }

  async listen(): Promise<void> {
    this.safeDispatchEvent('listening');
  }

  getAddrs(): Multiaddr[] {
    return [];
  }

  updateAnnounceAddrs(): void {
    // It has none.
  }

  async close(): Promise<void> {
    this.#stopping.abort();
    this.#upgradeTurns.stop();
    this.#handshakeTurns.stop();
    this.#server.close();
    for (const socket of this.#sockets) socket.destroy();
    this.safeDispatchEvent('close');
  }

  /** Silence costs a socket and nothing else: libp2p hears of it with its first message. */
  async #shakeHands(init: {
    readonly webSocket: WebSocket;
    readonly socket: Duplex;
    readonly waiting: WaitingSocket;
    readonly source: SourceAddress;
    readonly closed: AbortSignal;
    readonly remoteAddr: Multiaddr;
  }): Promise<void> {
    const {socket, waiting, source, closed, remoteAddr, webSocket} = init;
    const {refused, handshakeTimeoutMs} = this.#limits;
    const firstMessage = Promise.withResolvers<void>();
    closed.addEventListener('abort', () => firstMessage.resolve());
    const connection = new WebSocketConnection({
      webSocket,
      socket,
      remoteAddr,
      log: this.#logger.forComponent('weft:web-socket'),
      onBroken: () => refused('frame-broken'),
      onMessage: () => {
        waiting.progress();
        firstMessage.resolve();
      },
    });
    const end = (reason: Refusal, cause?: unknown) => {
      if (connection.status === 'open') refused(reason);
      connection.abort(new Error(`Ended by the server: ${reason}`, {cause}));
    };
    const deadline = setTimeout(() => end('handshake-late'), handshakeTimeoutMs);
    try {
      await firstMessage.promise;
      if (!(await this.#handshakeTurns.take(source.key, {signal: closed}))) {
        return end('handshake-crowded-out');
      }
      await this.#upgrader.upgradeInbound(connection, {signal: this.#stopping.signal});
      waiting.leave();
    } catch (cause) {
      end('handshake-failed', cause);
    } finally {
      clearTimeout(deadline);
    }
  }
}
