import {setTimeout as wait} from 'node:timers/promises';
import type {CutGrid} from '#shared/model/cut-grid.ts';
import type {Swarm} from '../../swarm/start-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import {countChains} from '../scenario/count-chains.ts';

const LOOK_EVERY_MS = 100;

/**
 * A tab that asks nothing and lends nothing: what it reads in the records is what any tab can know,
 * whatever the lending tabs say of themselves. Of nodes that have ended only the run knows for certain.
 */
export class RecordObserver {
  readonly #tab: Tab;
  readonly #grid: CutGrid;

  private constructor(tab: Tab, grid: CutGrid) {
    this.#tab = tab;
    this.#grid = grid;
  }

  static async open(
    swarm: Swarm,
    {model, grid}: {readonly model: string; readonly grid: CutGrid},
  ): Promise<RecordObserver> {
    const tab = await swarm.openTab({model});
    await tab.prepare();
    return new RecordObserver(tab, grid);
  }

  /**
   * Resolves once it, and each of `others`, has read records of `wantedChains` chains.
   *
   * @param isAlive whether this node serves: the records of one that was killed stay for a while.
   * @returns how many chains its records are of, at the least.
   */
  async awaitChains({
    wantedChains,
    others,
    isAlive,
    signal,
  }: {
    readonly wantedChains: number;
    readonly others: readonly Tab[];
    readonly isAlive: (node: string) => boolean;
    readonly signal: AbortSignal;
  }): Promise<number> {
    for (;;) {
      const counts = await Promise.all(
        [this.#tab, ...others].map((tab) => this.#countChains(tab, isAlive)),
      );
      const chains = Math.min(...counts);
      if (chains >= wantedChains) return chains;
      await wait(LOOK_EVERY_MS, undefined, {signal});
    }
  }

  async #countChains(tab: Tab, isAlive: (node: string) => boolean): Promise<number> {
    const records = await tab.knownRecords();
    const serving = records.filter(({peerId, maxSessions}) => isAlive(peerId) && maxSessions > 0);
    return countChains(
      this.#grid,
      serving.flatMap(({shards}) => shards),
    );
  }
}
