import type {PeerId} from '#shared/base/ids.ts';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import {networkDistances, type NetworkCoordinates} from '#shared/scheduling/network-distances.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {AnswerNetwork} from './virtual-answer.ts';
import type {VirtualHop} from './virtual-hop.ts';
import type {VirtualNode} from './virtual-node.ts';

/** The nodes that are there, how far apart they are, and what they serve together. */
export class VirtualCrowd implements AnswerNetwork {
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

  get isCovered(): boolean {
    return this.#unserved === 0;
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

  hopOf(nodeId: PeerId): VirtualHop | null {
    return this.#living.get(nodeId)?.hop ?? null;
  }

  rttMs(a: PeerId, b: PeerId): number {
    const from = this.#living.get(a)?.facts.coords;
    const to = this.#living.get(b)?.facts.coords;
    return from === undefined || to === undefined ? 0 : distanceMs(from, to);
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
