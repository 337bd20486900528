import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {linkMs} from '#shared/scheduling/cost-model.ts';
import {networkDistances, type NetworkCoordinates} from '#shared/scheduling/network-distances.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {VirtualNode} from './node/virtual-node.ts';

/** From a client to any node: a client is no node, so it has no place. */
const CLIENT_LINK_MS = 15;

/** The nodes that are there, how far apart they are, and what they serve together. */
export class VirtualCrowd {
  readonly #grid: CutGrid;
  readonly #living = new Map<PeerId, VirtualNode>();
  /** How many serve each layer. */
  readonly #replicas: Int32Array;
  #unserved: number;

  constructor(grid: CutGrid) {
    this.#grid = grid;
    this.#replicas = new Int32Array(grid.layerCount);
    this.#unserved = grid.layerCount;
  }

  get nodes(): IterableIterator<VirtualNode> {
    return this.#living.values();
  }

  /** `null` when it is gone. */
  nodeOf(peerId: PeerId): VirtualNode | null {
    return this.#living.get(peerId) ?? null;
  }

  get isCovered(): boolean {
    return this.#unserved === 0;
  }

  /** How many serve each layer now. */
  get replicas(): readonly number[] {
    return [...this.#replicas];
  }

  add(node: VirtualNode): void {
    this.#living.set(node.id, node);
    this.#count(node.hop.serving, 1);
  }

  remove(node: VirtualNode): void {
    this.#living.delete(node.id);
    this.#count(node.hop.serving, -1);
  }

  /** @returns the layers that lost their last replica by this change. */
  change(before: PlacedShard | null, after: PlacedShard | null): readonly number[] {
    this.#count(after, 1);
    this.#count(before, -1);
    if (before === null) return [];
    const lost: number[] = [];
    for (let layer = before.startLayer; layer < before.endLayer; layer += 1)
      if (this.#replicas[layer] === 0) lost.push(layer);
    return lost;
  }

  /** From one to the other; who is no node here is a client, or gone. */
  wayMs(from: PeerId, to: PeerId): number {
    if (from === to) return 0;
    const start = this.#living.get(from)?.facts.coords;
    const end = this.#living.get(to)?.facts.coords;
    return start === undefined || end === undefined
      ? CLIENT_LINK_MS
      : linkMs(distanceMs(start, end));
  }

  #count(shard: PlacedShard | null, sign: 1 | -1): void {
    if (shard === null) return;
    const end = Math.min(shard.endLayer, this.#grid.layerCount);
    for (let layer = shard.startLayer; layer < end; layer += 1) {
      const before = this.#replicas[layer] ?? 0;
      this.#replicas[layer] = before + sign;
      if (before === 0 && sign === 1) this.#unserved -= 1;
      if (before === 1 && sign === -1) this.#unserved += 1;
    }
  }
}

/** The true round trip: what the product's coordinates say when they have no error. */
function distanceMs(from: NetworkCoordinates, to: NetworkCoordinates): number {
  const places = [from, to].map((coords) => ({rtts: [], coords, unreachable: []}));
  return networkDistances(places, new Map())(0, 1);
}
