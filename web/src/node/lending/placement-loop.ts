import {isWeftError, WeftError} from '#shared/base/errors.ts';
import type {PlacementDecision} from '#shared/scheduling/allocation/placement/decide-placement.ts';
import type {PlacedShard} from '#shared/scheduling/swarm-snapshot.ts';
import type {LoadStep} from '../../ports/lend-service.ts';

export type PlacementState =
  | {readonly kind: 'waiting'; readonly why: string}
  | {readonly kind: 'spare'; readonly why: string}
  | {readonly kind: 'claiming'; readonly shard: PlacedShard; readonly why: string}
  | {
      readonly kind: 'loading';
      readonly shard: PlacedShard;
      readonly why: string;
      readonly progress: LoadStep | null;
    }
  | {readonly kind: 'serving'; readonly shard: PlacedShard; readonly why: string}
  | {readonly kind: 'failed'; readonly code: string; readonly message: string};

/** Layers that are loaded and proven, beside those that are served. */
export type ReadyShard = {
  /** Serves and publishes them in place of what was served. */
  readonly serve: () => Promise<void>;
  readonly discard: () => Promise<void>;
};

export type PlacementLoopOptions = {
  /** Phase 1 on the newest snapshot, with this node's own record as it stands. */
  readonly decide: () => PlacementDecision;
  /** Tells the others what this node wants; resolves when the directory has it. */
  readonly publishClaim: (shard: PlacedShard | null) => Promise<void>;
  /** Loads the shard and proves it. */
  readonly load: (
    shard: PlacedShard,
    options: {readonly signal: AbortSignal; readonly onProgress: (progress: LoadStep) => void},
  ) => Promise<ReadyShard>;
  readonly onState: (state: PlacementState) => void;
  /** How long a claim stands before bytes are fetched: every other node sees it within this time. */
  readonly settleMs: number;
};

/**
 * Turns the decisions of phase 1 into a shard that is served: claim, settle,
 * load, look once more, serve. Acts only on this node's own part of the plan; the others learn of it
 * through the record.
 *
 * waiting ──claim──▶ claiming ──settled──▶ loading ──loaded──▶ serving
 *    ▲                  │ withdraw            │ withdraw
 *    └──────────────────┴─────────────────────┘
 */
export class PlacementLoop {
  readonly #options: PlacementLoopOptions;
  #state: PlacementState = {kind: 'waiting', why: 'it looks for other tabs'};
  #attempt: AbortController | null = null;
  #closed = false;

  constructor(options: PlacementLoopOptions) {
    this.#options = options;
  }

  get state(): PlacementState {
    return this.#state;
  }

  /** Call on every new snapshot. */
  update(): void {
    if (this.#closed || this.#state.kind === 'failed') return;
    const decision = this.#options.decide();
    switch (decision.kind) {
      case 'keep':
        return;
      case 'claim':
        if (this.#attempt === null) void this.#pursue(decision.shard, decision.why);
        return;
      case 'withdraw':
        this.#attempt?.abort(new WeftError({code: 'CLAIM_LOST'}, decision.why));
        return;
      case 'spare':
      case 'wait':
        this.#idle(decision.kind === 'spare' ? 'spare' : 'waiting', decision.why);
        return;
    }
  }

  close(): void {
    this.#closed = true;
    this.#attempt?.abort(new WeftError({code: 'CLAIM_LOST'}, 'this tab leaves'));
  }

  async #pursue(shard: PlacedShard, why: string): Promise<void> {
    const before = this.#state;
    const attempt = new AbortController();
    this.#attempt = attempt;
    const {signal} = attempt;
    try {
      this.#enter({kind: 'claiming', shard, why});
      await this.#options.publishClaim(shard);
      await settled(this.#options.settleMs, signal);
      this.#enter({kind: 'loading', shard, why, progress: null});
      const ready = await this.#options.load(shard, {
        signal,
        onProgress: (progress) => {
          if (!signal.aborted) this.#enter({kind: 'loading', shard, why, progress});
        },
      });
      await this.#serve(ready, signal);
      this.#enter({kind: 'serving', shard, why});
    } catch (error) {
      await this.#giveUp(before, error, signal);
    } finally {
      this.#attempt = null;
    }
    if (!this.#closed) this.update();
  }

  /** Looks once more first: who holds what this node would drop may have gone while it loaded. */
  async #serve(ready: ReadyShard, signal: AbortSignal): Promise<void> {
    this.update();
    if (signal.aborted) {
      await ready.discard();
      signal.throwIfAborted();
    }
    await ready.serve();
  }

  async #giveUp(before: PlacementState, error: unknown, signal: AbortSignal): Promise<void> {
    if (!this.#closed) await this.#options.publishClaim(null);
    if (before.kind === 'serving') {
      this.#enter(before); // A move that did not work out: what was served is served still.
      return;
    }
    if (signal.aborted) {
      this.#enter({kind: 'waiting', why: messageOf(signal.reason)});
      return;
    }
    const code = isWeftError(error) ? error.detail.code : 'SHARD_FAILED';
    this.#enter({kind: 'failed', code, message: messageOf(error)});
  }

  #idle(kind: 'waiting' | 'spare', why: string): void {
    const {kind: before} = this.#state;
    if (this.#attempt === null && (before === 'waiting' || before === 'spare'))
      this.#enter({kind, why});
  }

  #enter(state: PlacementState): void {
    this.#state = state;
    if (!this.#closed) this.#options.onState(state);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Resolves after the settling time. @throws the signal's reason when the claim is lost before. */
async function settled(settleMs: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, settleMs);
  signal.addEventListener('abort', () => {
    over.resolve();
  });
  await over.promise;
  clearTimeout(timer);
  signal.throwIfAborted();
}
