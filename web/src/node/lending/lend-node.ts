import {isWeftError} from '#shared/base/errors.ts';
import type {LendService, LendState} from '../../ports/lend-service.ts';
import type {LabLendRequest, LendLoad} from './lab-lend.ts';
import type {HopServer} from '../serving/hop-server.ts';
import type {SwarmMembership} from '../swarm/swarm-membership.ts';
import {Lending} from './lending.ts';

/**
 * Lends this tab: publishes what it can hold, lets phase 1 decide which layers,
 * loads and serves them, until `stop`. One lending at a time.
 */
export class LendNode implements LendService {
  readonly #join: () => Promise<SwarmMembership>;
  readonly #listeners = new Set<(state: LendState) => void>();
  #state: LendState = {kind: 'idle'};
  #lending: Lending | null = null;
  /** Aborted by a `stop` before there is anything to stop. */
  #joining: AbortController | null = null;
  #leaving: Promise<void> | null = null;

  /** @param join gives the membership of this tab, the same for all that asks. */
  constructor(join: () => Promise<SwarmMembership>) {
    this.#join = join;
  }

  /** The hop that this tab is, for the frame router; `null` while it lends nothing. */
  get hop(): HopServer | null {
    return this.#lending?.hop ?? null;
  }

  /** What this tab carries; `null` while it lends nothing. */
  get load(): LendLoad | null {
    const hop = this.#lending?.hop;
    if (hop === undefined) return null;
    const {openSessions, kvTokensReserved, queuedSteps, refusals} = hop.load;
    return {openSessions, kvTokensReserved, queuedSteps, refusals: Object.fromEntries(refusals)};
  }

  /** As if the engine had crashed: its next step fails, and the node finds out by that. */
  crashEngine(): void {
    this.#lending?.crashEngine();
  }

  subscribe(listener: (state: LendState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => void this.#listeners.delete(listener);
  }

  async lend(request: LabLendRequest): Promise<void> {
    if (this.#state.kind !== 'idle' && this.#state.kind !== 'failed') return;
    // One that still waits for the leaving below gives way: one lending at a time.
    this.#joining?.abort();
    const joining = new AbortController();
    this.#joining = joining;
    // How the leaving went is told to who stopped.
    if (this.#leaving !== null) await this.#leaving.catch(() => undefined);
    if (joining.signal.aborted) return;
    this.#enter({kind: 'joining'});
    try {
      await this.#lending?.close();
      this.#lending = null;
      const membership = await this.#join();
      if (joining.signal.aborted) return;
      this.#lending = new Lending(membership, request, (state) => {
        this.#enter(state);
      });
    } catch (error) {
      if (joining.signal.aborted) return;
      const code = isWeftError(error) ? error.detail.code : 'JOIN_FAILED';
      this.#enter({
        kind: 'failed',
        code,
        message: error instanceof Error ? error.message : String(error),
      });
    }
  }

  async stop(): Promise<void> {
    this.#joining?.abort();
    if (this.#leaving === null) this.#leaving = this.#leave();
    else this.#lending?.leaveAtOnce();
    await this.#leaving;
  }

  async #leave(): Promise<void> {
    try {
      await this.#lending?.leave();
    } finally {
      this.#lending = null;
      this.#leaving = null;
      this.#enter({kind: 'idle'});
    }
  }

  #enter(state: LendState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
