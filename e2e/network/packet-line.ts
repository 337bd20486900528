import {keyedUniform} from '#shared/session/keyed-uniform.ts';

/** What a network does to packets, in each direction between two tabs. */
export type NetworkConditions = {
  /** One way. */
  readonly delayMs: number;
  readonly lossPercent: number;
  /** `null`: as fast as this machine is. */
  readonly rateBytesPerSec: number | null;
};

export const QUIET_NETWORK: NetworkConditions = {
  delayMs: 0,
  lossPercent: 0,
  rateBytesPerSec: null,
};

/** What a router keeps at most before it drops packets: a quarter of a second, and never less than 64 KiB. */
const QUEUE_SEC = 0.25;
const LEAST_QUEUE_BYTES = 65_536;

/** One direction between two tabs. Knows when each packet arrives, and which are lost; sends nothing. */
export class PacketLine {
  readonly #conditions: NetworkConditions;
  readonly #seed: number;
  readonly #index: number;
  #sentCount = 0;
  /** When the last packet that was taken has left. */
  #freeAtMs = Number.NEGATIVE_INFINITY;

  /** @param line `index`: its place among all lines of a run, so that each loses other packets. */
  constructor(
    conditions: NetworkConditions,
    line: {readonly seed: number; readonly index: number},
  ) {
    this.#conditions = conditions;
    this.#seed = line.seed;
    this.#index = line.index;
  }

  /** @returns when the packet arrives, in ms; or that it is lost, or dropped for want of room in the queue. */
  arrivalOf(packetBytes: number, nowMs: number): number | 'lost' | 'dropped' {
    const {delayMs, lossPercent} = this.#conditions;
    const leavesAtMs = this.#leavesAtMs(packetBytes, nowMs);
    if (leavesAtMs === null) return 'dropped';
    this.#freeAtMs = leavesAtMs;
    this.#sentCount += 1;
    const draw = {seed: this.#seed, position: this.#sentCount, tokenId: this.#index};
    const isLost = lossPercent > 0 && keyedUniform(draw) * 100 < lossPercent;
    return isLost ? 'lost' : leavesAtMs + delayMs;
  }

  /** `null`: the queue is full. */
  #leavesAtMs(packetBytes: number, nowMs: number): number | null {
    const {rateBytesPerSec} = this.#conditions;
    const beginsAtMs = Math.max(nowMs, this.#freeAtMs);
    if (rateBytesPerSec === null) return beginsAtMs;
    const queueBytes = Math.max(LEAST_QUEUE_BYTES, rateBytesPerSec * QUEUE_SEC);
    const waitingBytes = ((beginsAtMs - nowMs) / 1_000) * rateBytesPerSec;
    if (waitingBytes + packetBytes > queueBytes) return null;
    return beginsAtMs + (packetBytes / rateBytesPerSec) * 1_000;
  }
}
