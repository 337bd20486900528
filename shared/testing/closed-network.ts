/** One hop of a session's endless round: work at a node, then the way to the next hop. */
export type ClosedHop = {
  readonly node: string;
  readonly serviceMs: number;
  readonly linkMs: number;
};

/** A session under way: its chain, its next hop, and the rounds it has done. */
type Ride = {
  readonly session: number;
  readonly chain: readonly ClosedHop[];
  hop: number;
  rounds: number;
  startedMs: number;
  finishedMs: number;
};

type Visit = {readonly atMs: number; readonly ride: Ride};

/**
 * Sessions that each go round their chain for ever, one at a time per node,
 * first come first served: what decoding is when many answers run at once.
 *
 * @returns for each session the mean time of one round, after a warm-up.
 */
export function closedNetworkStepMs(
  sessions: readonly (readonly ClosedHop[])[],
  rounds: number,
): readonly number[] {
  const freeAtMs = new Map<string, number>();
  const queue = new VisitQueue();
  const rides = sessions.map((chain, session) => {
    return {session, chain, hop: 0, rounds: 0, startedMs: 0, finishedMs: 0};
  });
  const warmUp = Math.ceil(rounds / 4);
  for (const ride of rides) queue.push({atMs: ride.session * 1e-3, ride});
  for (let running = sessions.length; running > 0;) {
    const visit = queue.pop();
    const hop = visit?.ride.chain[visit.ride.hop];
    if (visit === null || hop === undefined) break;
    const endMs = Math.max(visit.atMs, freeAtMs.get(hop.node) ?? 0) + hop.serviceMs;
    freeAtMs.set(hop.node, endMs);
    const atMs = endMs + hop.linkMs;
    if (moveOn(visit.ride, atMs, warmUp, rounds)) running -= 1;
    queue.push({atMs, ride: visit.ride});
  }
  return rides.map(({startedMs, finishedMs}) => (finishedMs - startedMs) / (rounds - warmUp));
}

/** True after the last round that counts; the session goes on, as load for the others. */
function moveOn(ride: Ride, atMs: number, warmUp: number, rounds: number): boolean {
  ride.hop = (ride.hop + 1) % ride.chain.length;
  if (ride.hop !== 0) return false;
  ride.rounds += 1;
  if (ride.rounds === warmUp) ride.startedMs = atMs;
  if (ride.rounds <= rounds) ride.finishedMs = atMs;
  return ride.rounds === rounds;
}

/** A binary heap of visits, the earliest first, ties by session. */
class VisitQueue {
  readonly #heap: Visit[] = [];

  push(visit: Visit): void {
    const heap = this.#heap;
    heap.push(visit);
    let at = heap.length - 1;
    while (at > 0) {
      const up = (at - 1) >> 1;
      if (!this.#isBefore(at, up)) break;
      this.#swap(at, up);
      at = up;
    }
  }

  pop(): Visit | null {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (first === undefined || last === undefined) return null;
    if (heap.length === 0) return first;
    heap[0] = last;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      if (left >= heap.length) return first;
      const child = left + 1 < heap.length && this.#isBefore(left + 1, left) ? left + 1 : left;
      if (!this.#isBefore(child, at)) return first;
      this.#swap(child, at);
      at = child;
    }
  }

  #isBefore(a: number, b: number): boolean {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined) return false;
    if (first.atMs !== second.atMs) return first.atMs < second.atMs;
    return first.ride.session < second.ride.session;
  }

  #swap(a: number, b: number): void {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
