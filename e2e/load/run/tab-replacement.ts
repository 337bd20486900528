import type {Tab} from '../../swarm/tab.ts';
import type {Lending} from './lend-tabs.ts';
import type {LendingTab} from './lending-tab.ts';
import type {RecordObserver} from './record-observer.ts';
import type {RunJournal} from './run-journal.ts';

type Options = {
  readonly lending: Lending;
  readonly observer: RecordObserver;
  readonly clients: readonly Tab[];
  readonly wantedChains: number;
  /** After it nobody needs a tab in place of another. */
  readonly lastRequest: number;
  readonly journal: RunJournal;
  readonly signal: AbortSignal;
};

/** Keeps a swarm as it was: another tab for each that a fault ended, and no request before it is there. */
export class TabReplacement {
  readonly #options: Options;
  /** Of each tab that is over, the opening of the one in its place. */
  readonly #replacing = new Map<LendingTab, Promise<void>>();
  #isLastAsked = false;

  constructor(options: Options) {
    this.#options = options;
  }

  /** Some tab has changed what it holds, or is over. */
  look(): void {
    if (this.#isLastAsked) return;
    const {lending, journal} = this.#options;
    for (const tab of lending.tabs.filter(({isOver}) => isOver)) {
      if (this.#replacing.has(tab)) continue;
      const replacing = lending.replace(tab).catch((error: unknown) => {
        journal.note('tab-failed', {message: String(error)});
      });
      this.#replacing.set(tab, replacing);
    }
  }

  /** Resolves when the swarm is whole again, as a tab that has no part in it sees in the records. */
  async beforeAsk(request: number): Promise<void> {
    const {lending, observer, clients, wantedChains, journal, signal} = this.#options;
    await Promise.all(this.#replacing.values());
    // The record of one whose engine has just crashed says for a moment that it serves.
    const isAlive = (node: string) =>
      lending.tabs.some(({state, observation}) => {
        return state.kind === 'serving' && observation.id === node;
      });
    const watch = {wantedChains, others: clients, isAlive, signal};
    const chains = await observer.awaitChains(watch).catch((error: unknown) => {
      // A run that is over asks no more, and says so of each request that is left.
      if (signal.aborted) return 0;
      throw error;
    });
    journal.note('held', {request, chains});
    this.#isLastAsked = request === this.#options.lastRequest;
  }
}
