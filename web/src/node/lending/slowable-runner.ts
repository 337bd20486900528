import type {SessionId} from '#shared/base/ids.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {ShardMemory} from '../engine/shard-memory.ts';
import type {ShardRunner, ShardStep, StepResult} from '../engine/shard-runner.ts';

type Time = {
  /** Monotonic. */
  readonly nowMs: () => number;
  readonly waitMs: (ms: number) => Promise<void>;
};

/** A runner that can be made slow while it runs, as a machine that has got something else to do. */
export class SlowableRunner implements ShardRunner {
  readonly range: LayerRange;
  readonly mostSessions: number;
  readonly #inner: ShardRunner;
  readonly #time: Time;
  #factor = 1;

  constructor(inner: ShardRunner, time: Time) {
    this.range = inner.range;
    this.mostSessions = inner.mostSessions;
    this.#inner = inner;
    this.#time = time;
  }

  /** From the next run on each takes so many times as long. */
  slowDown(factor: number): void {
    this.#factor = factor;
  }

  async run(steps: readonly ShardStep[]): Promise<readonly StepResult[]> {
    const factor = this.#factor;
    const {nowMs, waitMs} = this.#time;
    const startMs = nowMs();
    const results = await this.#inner.run(steps);
    if (factor > 1) await waitMs((factor - 1) * (nowMs() - startMs));
    return results;
  }

  openSession(sessionId: SessionId, kvTokens: number): Promise<void> {
    return this.#inner.openSession(sessionId, kvTokens);
  }

  truncate(sessionId: SessionId, position: number): Promise<number> {
    return this.#inner.truncate(sessionId, position);
  }

  closeSession(sessionId: SessionId): Promise<void> {
    return this.#inner.closeSession(sessionId);
  }

  memory(): ShardMemory {
    return this.#inner.memory();
  }

  close(): Promise<void> {
    return this.#inner.close();
  }
}
