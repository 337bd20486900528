import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import {countLoad, loadMs} from './load-log.ts';
import type {NodeHands} from './virtual-volunteer.ts';

/** What a planner that sees everything has assigned to one node, held as Parallax's nodes do: what was held is dropped first. */
export class CommandedShard {
  readonly #hands: Pick<NodeHands, 'hop' | 'log' | 'soon' | 'serve'>;
  #shard: PlacedShard | null;

  constructor(hands: NodeHands, shard: PlacedShard | null) {
    this.#hands = hands;
    this.#shard = shard;
  }

  /** What it was last assigned, served or loading. */
  get shard(): PlacedShard | null {
    return this.#shard;
  }

  obey(next: PlacedShard | null): void {
    const {hop, log, soon, serve} = this.#hands;
    const before = hop.serving;
    if (isSameRange(this.#shard, next)) return;
    this.#shard = next;
    if (before !== null) serve(null);
    if (next === null) return;
    countLoad(log, before, next);
    soon(loadMs(before, next), () => {
      if (this.#shard === next) serve(next);
    });
  }
}

function isSameRange(a: PlacedShard | null, b: PlacedShard | null): boolean {
  return a?.startLayer === b?.startLayer && a?.endLayer === b?.endLayer;
}
