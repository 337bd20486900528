import type {SessionId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {TokenBias} from '#shared/session/token-bias.ts';
import type {TopLogits} from '#shared/session/top-logits.ts';
import type {EngineError} from './engine-error.ts';
import type {ShardMemory} from './shard-memory.ts';

/** What enters a hop: token ids at the head, hidden states everywhere else. */
export type ShardInput =
  | {readonly kind: 'tokens'; readonly tokenIds: Uint32Array}
  /** `[tokenCount, hiddenSize]`, row major, little endian. */
  | {readonly kind: 'hidden'; readonly dtype: 'f16' | 'f32'; readonly bytes: Uint8Array};

export type ShardStep = {
  readonly sessionId: SessionId;
  /** First position of this piece; must be what the session's cache holds (or less, after `truncate`). */
  readonly position: number;
  readonly tokenCount: number;
  readonly input: ShardInput;
  /** Sub-range of the shard to run; both ends on the cut grid. */
  readonly range: LayerRange;
  /** `logits`: also run norm and LM head on the last position. Needs the LM head. */
  readonly output: 'hidden' | 'logits' | 'none';
  /** Added to the logits before the likeliest are looked for; without it, nothing. */
  readonly bias?: TokenBias | undefined;
};

export type ShardOutput =
  /** f16, or f32 when a value does not fit f16 (`shared/DECISIONS.md`). */
  | {readonly kind: 'hidden'; readonly dtype: 'f16' | 'f32'; readonly bytes: Uint8Array}
  | {readonly kind: 'logits'; readonly top: TopLogits}
  | {readonly kind: 'none'};

/** What became of one step of a run. */
export type StepResult =
  | {readonly kind: 'ran'; readonly output: ShardOutput}
  /** It cannot be run; it left no trace, in its own session or in others. */
  | {readonly kind: 'refused'; readonly error: EngineError};

/**
 * The layers that one node holds, ready to run. One run at a time; callers queue.
 * Every adapter passes `shard-runner.contract.ts`.
 *
 * Contract: the same steps give the same bits on one engine class, however a
 * prompt is cut into pieces and a range into hops.
 */
export interface ShardRunner {
  readonly range: LayerRange;
  /** How many sessions' steps of one token it runs as one; others it runs one after the other. */
  readonly mostSessions: number;
  /**
   * Reserves the cache of one session. One that is open keeps what it holds; only its
   * reservation changes. @throws {EngineError} `KV_FULL` when it does not fit. */
  openSession(sessionId: SessionId, kvTokens: number): Promise<void>;
  /**
   * Runs steps of any sessions, those of one session in order of position.
   *
   * @returns what became of each, in the order of `steps`.
   * @throws {EngineError} `ENGINE_LOST` when the engine is gone; the node makes a new runner.
   */
  run(steps: readonly ShardStep[]): Promise<readonly StepResult[]>;
  /**
   * Forgets positions ≥ `position` of one session; all of them where a window has dropped what it sees from there.
   *
   * @returns where the session goes on: at `position`, or at 0. */
  truncate(sessionId: SessionId, position: number): Promise<number>;
  /** Frees the cache; unknown sessions are ignored. */
  closeSession(sessionId: SessionId): Promise<void>;
  /** What the engine holds, after the last call that has resolved. */
  memory(): ShardMemory;
  close(): Promise<void>;
}
