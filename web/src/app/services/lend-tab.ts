import {Listeners} from '#shared/base/listeners.ts';
import {codeOf} from '../../ports/explain-failure.ts';
import type {LendRequest, LendService, LendState} from '../../ports/lend-service.ts';

/** One stay in the swarm, from the first record to the farewell. */
export type TabLending = {
  /** Leaves when the answers that run here have ended; at once when asked again. */
  leave(): Promise<void>;
};

/** Begins to lend, and tells every change of it. */
export type StartLending = (
  request: LendRequest,
  onState: (state: LendState) => void,
) => TabLending;

/** Lends this tab until `stop`: one lending at a time, whenever a person clicks. */
export class LendTab implements LendService {
  readonly #join: () => Promise<StartLending>;
  readonly #listeners = new Listeners<[LendState]>();
  #state: LendState = {kind: 'idle'};
  #lending: TabLending | null = null;
  /** Whose states are shown: one that failed and is cleared away has no say. */
  #stay: symbol | null = null;
  /** Aborted by a `stop` before there is anything to stop. */
  #joining: AbortController | null = null;
  #leaving: Promise<void> | null = null;

  /** @param join loads the code and joins the swarm: the same for all that asks. */
  constructor(join: () => Promise<StartLending>) {
    this.#join = join;
  }

  subscribe(listener: (state: LendState) => void): () => void {
    const unsubscribe = this.#listeners.add(listener);
    listener(this.#state);
    return unsubscribe;
  }

  async lend(request: LendRequest): Promise<void> {
    if (this.#state.kind !== 'idle' && this.#state.kind !== 'failed') return;
    // One that still waits for the leaving below gives way: one lending at a time.
    this.#joining?.abort();
    const joining = new AbortController();
    this.#joining = joining;
    // Whoever stopped hears how the leaving went.
    if (this.#leaving !== null) await this.#leaving.catch(() => undefined);
    if (joining.signal.aborted) return;
    const failed = this.#lending;
    this.#lending = null;
    this.#stay = null;
    this.#enter({kind: 'joining'});
    try {
      await failed?.leave();
      const start = await this.#join();
      if (!joining.signal.aborted) this.#begin(start, request);
    } catch (error) {
      if (joining.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#enter({kind: 'failed', code: codeOf(error), message});
    }
  }

  async stop(): Promise<void> {
    this.#joining?.abort();
    if (this.#leaving === null) this.#leaving = this.#leave();
    else void this.#lending?.leave();
    await this.#leaving;
  }

  #begin(start: StartLending, request: LendRequest): void {
    const stay = Symbol('stay');
    this.#stay = stay;
    this.#lending = start(request, (state) => {
      if (this.#stay === stay) this.#enter(state);
    });
  }

  async #leave(): Promise<void> {
    try {
      await this.#lending?.leave();
    } finally {
      this.#lending = null;
      this.#stay = null;
      this.#leaving = null;
      this.#enter({kind: 'idle'});
    }
  }

  #enter(state: LendState): void {
    this.#state = state;
    this.#listeners.call(state);
  }
}
