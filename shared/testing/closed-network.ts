/** One hop of a session's endless round: work at a node, then the way to the next hop. */
export type ClosedHop = {
  readonly node: string;
  readonly serviceMs: number;
  readonly linkMs: number;
};

type Visit = {readonly atMs: number; readonly session: number; readonly hop: number};

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
  const rides = sessions.map(() => ({rounds: 0, startedMs: 0, finishedMs: 0}));
  const warmUp = Math.ceil(rounds / 4);
  for (const session of sessions.keys()) queue.push({atMs: session * 1e-3, session, hop: 0});
  let running = sessions.length;
  while (running > 0) {
    const visit = queue.pop();
    const chain = sessions[visit?.session ?? -1];
    const hop = chain?.[visit?.hop ?? -1];
    const ride = rides[visit?.session ?? -1];
    if (visit === null || chain === undefined || hop === undefined || ride === undefined) break;
    const endMs = Math.max(visit.atMs, freeAtMs.get(hop.node) ?? 0) + hop.serviceMs;
    freeAtMs.set(hop.node, endMs);
    const atMs = endMs + hop.linkMs;
    const next = (visit.hop + 1) % chain.length;
    queue.push({atMs, session: visit.session, hop: next});
    if (next === 0 && finishRound(ride, atMs, warmUp, rounds)) running -= 1;
  }
  return rides.map(({startedMs, finishedMs}) => (finishedMs - startedMs) / (rounds - warmUp));
}

type Ride = {rounds: number; startedMs: number; finishedMs: number};

/** True when it was the last round that counts; the session goes on as load for the others. */
function finishRound(ride: Ride, atMs: number, warmUp: number, rounds: number): boolean {
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
    return first.session < second.session;
  }

  #swap(a: number, b: number): void {
    const first = this.#heap[a];
    const second = this.#heap[b];
    if (first === undefined || second === undefined) return;
    this.#heap[a] = second;
    this.#heap[b] = first;
  }
}
