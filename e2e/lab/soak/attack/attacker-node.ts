import {setTimeout as wait} from 'node:timers/promises';
import {circuitRelayTransport} from '@libp2p/circuit-relay-v2';
import {identify} from '@libp2p/identify';
import type {Connection, Libp2p, PrivateKey} from '@libp2p/interface';
import {noise} from '@libp2p/noise';
import {webSockets} from '@libp2p/websockets';
import {yamux} from '@libp2p/yamux';
import {multiaddr, type Multiaddr} from '@multiformats/multiaddr';
import {createLibp2p} from 'libp2p';
import {assert} from '#shared/base/assert.ts';
import {
  startForwarder,
  type Forwarder,
} from '../../../../signal-server/src/testing/forward-from.ts';
import type {AttackTarget} from './attack-target.ts';

type NodesTarget = Omit<AttackTarget, 'silentFrom'>;

const RETRY_MS = 250;
/** A server under attack on a slow machine takes long, and a node that dials again has lost its place in line. */
const DIAL_TIMEOUT_MS = 60_000;

export type AttackerNode = {
  readonly libp2p: Libp2p;
  readonly connection: Connection;
};

export type AttackerOptions = {
  readonly privateKey?: PrivateKey;
  /** Takes a place at the relay, as whoever wants to be dialled. */
  readonly isReachable?: boolean;
};

/**
 * libp2p nodes of strangers. A node of Node cannot choose the address that it
 * dials from, so each address has a forwarder between its nodes and the server.
 */
export class AttackerNodes {
  readonly #target: NodesTarget;
  readonly #forwarders: readonly Forwarder[];
  readonly #nodes = new Set<Libp2p>();
  #next = 0;

  private constructor(target: NodesTarget, forwarders: readonly Forwarder[]) {
    this.#target = target;
    this.#forwarders = forwarders;
  }

  static async start(target: NodesTarget): Promise<AttackerNodes> {
    const forwarders = await Promise.all(
      target.fromAddresses.map((fromAddress) => startForwarder({fromAddress, port: target.port})),
    );
    return new AttackerNodes(target, forwarders);
  }

  /** A connected node, each time from the next address. Tries until it is let in. @throws the reason of `signal`. */
  async open(
    {privateKey, isReachable = false}: AttackerOptions,
    {signal}: {readonly signal: AbortSignal},
  ): Promise<AttackerNode> {
    const libp2p = await createLibp2p({
      ...(privateKey && {privateKey}),
      addresses: {listen: isReachable ? ['/p2p-circuit'] : []},
      transports: [webSockets(), circuitRelayTransport()],
      connectionEncrypters: [noise()],
      streamMuxers: [yamux()],
      connectionGater: {denyDialMultiaddr: () => false},
      connectionMonitor: {enabled: false},
      connectionManager: {dialTimeout: DIAL_TIMEOUT_MS},
      services: {identify: identify()},
    });
    this.#nodes.add(libp2p);
    for (;;) {
      signal.throwIfAborted();
      try {
        return {libp2p, connection: await libp2p.dial(this.#serverAddress(), {signal})};
      } catch {
        await wait(RETRY_MS, undefined, {signal});
      }
    }
  }

  async leave({libp2p}: AttackerNode): Promise<void> {
    this.#nodes.delete(libp2p);
    await libp2p.stop();
  }

  /** Through the relay to the tab that is attacked. */
  victimAddress(): Multiaddr {
    return this.#serverAddress().encapsulate(`/p2p-circuit/p2p/${this.#target.victimId}`);
  }

  async close(): Promise<void> {
    await Promise.all([...this.#nodes].map(async (node) => node.stop()));
    await Promise.all(this.#forwarders.map((forwarder) => forwarder.close()));
  }

  #serverAddress(): Multiaddr {
    const forwarder = this.#forwarders[this.#next % this.#forwarders.length];
    this.#next += 1;
    assert(forwarder !== undefined, 'attackers come from somewhere');
    return multiaddr(`/ip4/127.0.0.1/tcp/${forwarder.port}/ws/p2p/${this.#target.serverId}`);
  }
}
