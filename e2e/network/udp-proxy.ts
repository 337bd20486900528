import {createSocket, type Socket} from 'node:dgram';
import {once} from 'node:events';
import {ArrivalQueue} from './arrival-queue.ts';
import {PacketLine, type NetworkConditions} from './packet-line.ts';

export type UdpAddress = {readonly host: string; readonly port: number};

/** Browsers on this machine send to it, and nobody else. */
const HOST = '127.0.0.1';

export type ProxyCounters = {
  readonly passedPackets: number;
  /** Lost by the conditions. */
  readonly lostPackets: number;
  /** For which the queue in front of a thin line had no room. */
  readonly droppedPackets: number;
  /** Sent between two that are cut off from each other. */
  readonly cutPackets: number;
  /** From somebody of whom the receiver has not heard yet. */
  readonly strangePackets: number;
};

/** A port of the proxy in place of an address: what comes in is passed on to there. */
type Alias<Peer> = {
  readonly address: UdpAddress;
  readonly socket: Socket;
  /** The peer that heard of this port, and so sends here. */
  readonly viewer: Peer;
};

/** From one peer to another, over whatever connections they have. */
type Line = {readonly packets: PacketLine; readonly underWay: ArrivalQueue};

/**
 * Between peers that would send each other UDP packets: each address has one port here, by which everybody
 * but its owner knows it. A packet leaves from the port by which its sender is known, so that replies come back.
 */
export class UdpProxy<Peer extends object> {
  readonly #conditions: NetworkConditions;
  readonly #seed: number;
  readonly #aliases = new Map<string, Promise<Alias<Peer>>>();
  /** The same, of those that are ready. */
  readonly #known = new Map<string, Alias<Peer>>();
  readonly #lines = new Map<Peer, Map<Peer, Line>>();
  #lineCount = 0;
  readonly #cuts = new Set<readonly [Peer, Peer]>();
  readonly #counters = {
    passedPackets: 0,
    lostPackets: 0,
    droppedPackets: 0,
    cutPackets: 0,
    strangePackets: 0,
  };

  /** @param seed decides which packets are lost. */
  constructor(conditions: NetworkConditions, seed: number) {
    this.#conditions = conditions;
    this.#seed = seed;
  }

  get counters(): ProxyCounters {
    return {...this.#counters};
  }

  /** Everything that passes the proxy comes in and goes out by these. */
  get ports(): readonly number[] {
    return [...this.#known.values()].map(({socket}) => socket.address().port);
  }

  /** `viewer` hears of an address of a peer: where it is to send instead. */
  async aliasOf(address: UdpAddress, viewer: Peer): Promise<UdpAddress> {
    const key = keyOf(address);
    let alias = this.#aliases.get(key);
    if (alias === undefined) {
      alias = this.#open(address, viewer);
      this.#aliases.set(key, alias);
    }
    const {socket, ...held} = await alias;
    // A port that was given back belongs to another connection next.
    if (held.viewer !== viewer) this.#know({...held, socket, viewer});
    return {host: HOST, port: socket.address().port};
  }

  /** From now on packets between two peers vanish. @returns lets them pass again. */
  cut(a: Peer, b: Peer): () => void {
    const pair = [a, b] as const;
    this.#cuts.add(pair);
    return () => {
      this.#cuts.delete(pair);
    };
  }

  async close(): Promise<void> {
    const opened = await Promise.all(this.#aliases.values());
    this.#aliases.clear();
    this.#known.clear();
    for (const lines of this.#lines.values()) {
      for (const {underWay} of lines.values()) underWay.close();
    }
    this.#lines.clear();
    for (const {socket} of opened) socket.close();
  }

  async #open(address: UdpAddress, viewer: Peer): Promise<Alias<Peer>> {
    const socket = createSocket('udp4');
    const key = keyOf(address);
    socket.on('message', (packet, {address: host, port}) => {
      const alias = this.#known.get(key);
      if (alias !== undefined) this.#pass(packet, {host, port}, alias);
    });
    // Whoever it is sent to may have closed its socket meanwhile.
    socket.on('error', () => undefined);
    socket.bind(0, HOST);
    await once(socket, 'listening');
    return this.#know({address, socket, viewer});
  }

  #lineOf(sender: Peer, receiver: Peer): Line {
    const lines = this.#lines.get(sender) ?? new Map<Peer, Line>();
    this.#lines.set(sender, lines);
    const held = lines.get(receiver);
    if (held !== undefined) return held;
    const packets = new PacketLine(this.#conditions, {seed: this.#seed, index: this.#lineCount});
    this.#lineCount += 1;
    const line = {packets, underWay: new ArrivalQueue()};
    lines.set(receiver, line);
    return line;
  }

  #know(alias: Alias<Peer>): Alias<Peer> {
    const key = keyOf(alias.address);
    this.#known.set(key, alias);
    this.#aliases.set(key, Promise.resolve(alias));
    return alias;
  }

  /** The packet has come in from `sender` at the port of `to`. */
  #pass(packet: Uint8Array, sender: UdpAddress, to: Alias<Peer>): void {
    const from = this.#known.get(keyOf(sender));
    if (from === undefined) {
      this.#counters.strangePackets += 1;
      return;
    }
    // Each of the two has heard the address of the other.
    if (this.#isCut(to.viewer, from.viewer)) {
      this.#counters.cutPackets += 1;
      return;
    }
    const {packets, underWay} = this.#lineOf(to.viewer, from.viewer);
    const arrival = packets.arrivalOf(packet.byteLength, performance.now());
    if (typeof arrival !== 'number') {
      this.#counters[arrival === 'lost' ? 'lostPackets' : 'droppedPackets'] += 1;
      return;
    }
    underWay.push(arrival, () => {
      this.#counters.passedPackets += 1;
      from.socket.send(packet, to.address.port, to.address.host);
    });
  }

  #isCut(a: Peer, b: Peer): boolean {
    for (const [one, other] of this.#cuts) {
      if ((one === a && other === b) || (one === b && other === a)) return true;
    }
    return false;
  }
}

function keyOf({host, port}: UdpAddress): string {
  return `${host}:${port}`;
}
