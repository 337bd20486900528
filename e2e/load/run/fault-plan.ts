import {unreachable} from '#shared/base/assert.ts';
import {keyedUniform} from '#shared/session/keyed-uniform.ts';
import type {ChainHop} from '#shared/client/chat/chat-service.ts';
import type {LendState} from '../../../web/src/ports/lend-service.ts';
import type {RunJournal} from './run-journal.ts';
import type {Fault} from '../scenario/scenario.ts';

/** What faults are done to. */
export type FaultTab = {
  readonly index: number;
  readonly isOpen: boolean;
  readonly state: {readonly kind: LendState['kind']};
  readonly observation: {readonly id: string};
  close(): Promise<void>;
  kill(): Promise<void>;
  crashEngine(): Promise<void>;
  /** Its engine takes so many times as long. */
  slowDown(factor: number): Promise<void>;
  /** Stops its process. @returns lets it go on; safe to call twice. */
  freeze(): Promise<() => void>;
};

/** The signal server, where it may be killed. */
export type FaultServer = {
  kill(): Promise<void>;
  /** The same one again; safe to call when it is there. */
  startAgain(): Promise<void>;
};

export type FaultPlanOptions = {
  readonly faults: readonly Fault[];
  readonly tabs: readonly FaultTab[];
  readonly server: FaultServer | null;
  readonly seed: number;
  readonly journal: RunJournal;
  /** All packets between two tabs vanish. @returns lets them pass again; safe to call twice. */
  readonly cutLink: (from: FaultTab, to: FaultTab) => () => void;
};

type Pending = {readonly fault: Fault; readonly index: number; isDue: boolean};

/**
 * Does the faults of a scenario, each once. A fault whose target is a stage
 * waits for a running request with a chain, where its time comes before there is one.
 */
export class FaultPlan {
  readonly #options: FaultPlanOptions;
  readonly #pending: Set<Pending>;
  readonly #timers: NodeJS.Timeout[] = [];
  /** The newest chain of each running request, in the order in which they began. */
  readonly #chains = new Map<number, readonly ChainHop[]>();
  /** What ends faults that last for a while: lets a tab go on, packets pass, a server come back. */
  readonly #away = new Set<() => void>();
  #skippedCount = 0;

  constructor(options: FaultPlanOptions) {
    this.#options = options;
    this.#pending = new Set(options.faults.map((fault, index) => ({fault, index, isDue: false})));
  }

  /** How many faults did not happen: such a run shows less than it was meant to. */
  get skippedCount(): number {
    return this.#skippedCount;
  }

  /** The load begins: `atMs` counts from here. */
  begin(): void {
    for (const pending of this.#pending) {
      const {atMs} = pending.fault;
      if (atMs === undefined) continue;
      const strike = (): void => {
        pending.isDue = true;
        void this.#strike(pending);
      };
      this.#timers.push(setTimeout(strike, atMs));
    }
  }

  /** A request has a chain. */
  async onChain(request: number, hops: readonly ChainHop[]): Promise<void> {
    this.#chains.set(request, hops);
    await this.#strikeAll(({isDue}) => isDue);
  }

  /** A request has so many tokens; 0: its chain is ready. Resolves when what this triggers has happened. */
  async onTokens(request: number, tokenCount: number): Promise<void> {
    await this.#strikeAll(({fault}) => {
      const isAwaited = fault.atMs === undefined && fault.afterRecoveries === undefined;
      return isAwaited && fault.request === request && tokenCount >= (fault.afterTokens ?? 0);
    });
  }

  /** So many other chains have become ready for a request in place of a broken one. */
  async onRecovery(request: number, recoveryCount: number): Promise<void> {
    await this.#strikeAll(
      ({fault}) => fault.request === request && fault.afterRecoveries === recoveryCount,
    );
  }

  onEnd(request: number): void {
    this.#chains.delete(request);
  }

  /** The load is over: what has not happened will not, and what is away for a while comes back. */
  end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const bringBack of this.#away) bringBack();
    for (const pending of this.#pending)
      this.#skip(pending, 'the requests ended before its time came');
  }

  async #strikeAll(isMeant: (pending: Pending) => boolean): Promise<void> {
    for (const pending of [...this.#pending].filter(isMeant)) await this.#strike(pending);
  }

  async #strike(pending: Pending): Promise<void> {
    const target = this.#targetOf(pending);
    if (target === 'not-yet' || !this.#pending.delete(pending)) return;
    if (typeof target === 'string') {
      this.#skip(pending, target);
      return;
    }
    const {fault} = pending;
    try {
      if (target === null) await this.#killServer(fault);
      else await this.#do(fault, target);
      const to = fault.kind === 'cut-link' ? this.#nextOf(fault) : null;
      this.#options.journal.note('fault', {
        fault: fault.kind,
        ...(target !== null && factsOf(target)),
        ...(to !== null && {to: factsOf(to)}),
      });
    } catch (error) {
      this.#skip(pending, error instanceof Error ? error.message : String(error));
    }
  }

  async #do(fault: Fault, target: FaultTab): Promise<void> {
    switch (fault.kind) {
      case 'close-tab':
        return target.close();
      case 'kill-tab':
        return target.kill();
      case 'crash-engine':
        return target.crashEngine();
      case 'freeze-tab':
        return this.#freeze(target, fault.forMs ?? 0);
      case 'slow-tab':
        return target.slowDown(fault.factor ?? 1);
      case 'cut-link':
        this.#cutLink(fault, target);
        return;
      case 'kill-server':
        throw new Error('Broken invariant: no tab is the target of kill-server');
      default:
        return unreachable(fault.kind);
    }
  }

  async #freeze(target: FaultTab, forMs: number): Promise<void> {
    const {journal} = this.#options;
    const goOn = await target.freeze();
    this.#bringBackAfter(forMs, () => {
      goOn();
      journal.note('tab-thawed', factsOf(target));
    });
  }

  #cutLink(fault: Fault, target: FaultTab): void {
    const {cutLink, journal} = this.#options;
    const to = this.#nextOf(fault);
    if (to === target) throw new Error('no link after the only stage');
    const heal = cutLink(target, to);
    if (fault.forMs === undefined) return;
    this.#bringBackAfter(fault.forMs, () => {
      heal();
      journal.note('link-healed', {...factsOf(target), to: factsOf(to)});
    });
  }

  async #killServer({forMs}: Fault): Promise<void> {
    const {server, journal} = this.#options;
    if (server === null) throw new Error('Broken invariant: the server runs in this process');
    await server.kill();
    if (forMs === undefined) return;
    this.#bringBackAfter(forMs, () => {
      server.startAgain().then(
        () => journal.note('server-back'),
        (error: unknown) => journal.note('server-not-back', {why: String(error)}),
      );
    });
  }

  #bringBackAfter(forMs: number, act: () => void): void {
    const bringBack = (): void => {
      if (this.#away.delete(bringBack)) act();
    };
    this.#away.add(bringBack);
    this.#timers.push(setTimeout(bringBack, forMs));
  }

  /** The tab that is meant, `null` for the server, or why there is none. */
  #targetOf({fault, index}: Pending): FaultTab | null | 'not-yet' | `no ${string}` {
    const {tabs, seed} = this.#options;
    const {target, request} = fault;
    switch (target.kind) {
      case 'server':
        return null;
      case 'tab': {
        const tab = tabs[target.tab];
        return tab?.isOpen === true ? tab : `no open tab ${target.tab}`;
      }
      case 'random': {
        const serving = tabs.filter(({isOpen, state}) => isOpen && state.kind === 'serving');
        const chosen = Math.floor(
          keyedUniform({seed, position: index, tokenId: 1}) * serving.length,
        );
        return serving[chosen] ?? 'no tab that serves';
      }
      case 'stage': {
        const hops = this.#hopsOf(request);
        if (hops === undefined) return 'not-yet';
        const tab = this.#openTabOf(hops[target.stage]);
        return tab ?? `no open tab at stage ${target.stage} of ${hops.length}`;
      }
    }
  }

  /** The tab of the stage after the target: the first comes after the last. */
  #nextOf({target, request}: Fault): FaultTab {
    const stage = target.kind === 'stage' ? target.stage : 0;
    const hops = this.#hopsOf(request) ?? [];
    const tab = this.#openTabOf(hops[(stage + 1) % hops.length]);
    if (tab === undefined) throw new Error(`no open tab after stage ${stage} of ${hops.length}`);
    return tab;
  }

  #hopsOf(request: number | undefined): readonly ChainHop[] | undefined {
    return request === undefined ? this.#chains.values().next().value : this.#chains.get(request);
  }

  #openTabOf(hop: ChainHop | undefined): FaultTab | undefined {
    const {tabs} = this.#options;
    return tabs.find(({observation, isOpen}) => isOpen && observation.id === hop?.node);
  }

  #skip({fault, index}: Pending, why: string): void {
    this.#skippedCount += 1;
    this.#options.journal.note('fault-skipped', {fault: fault.kind, index, why});
  }
}

function factsOf({index, observation}: FaultTab): {readonly tab: number; readonly node: string} {
  return {tab: index, node: observation.id};
}
