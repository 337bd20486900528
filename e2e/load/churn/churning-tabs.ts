import {setTimeout as wait} from 'node:timers/promises';
import type {LabLendRequest} from '../../../web/src/node/lending/lab-lend.ts';
import type {Swarm} from '../../swarm/start-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';

export const DEPARTURES = [
  'close-tab',
  'kill-tab',
  'stop-lending',
  'reload',
  'crash-engine',
  'freeze-tab',
] as const;
type Departure = (typeof DEPARTURES)[number];

const FROZEN_MS = 6_000;
const SERVE_TIMEOUT_MS = 300_000;

/** Lending tabs that leave in every way, one at a time, and come back, or others in their place. */
export class ChurningTabs {
  readonly #swarm: Swarm;
  readonly #model: string;
  readonly #request: LabLendRequest;
  readonly #tabs: Tab[] = [];

  constructor(swarm: Swarm, model: string, request: LabLendRequest) {
    this.#swarm = swarm;
    this.#model = model;
    this.#request = request;
  }

  /** Those that are there now. */
  get tabs(): readonly Tab[] {
    return this.#tabs;
  }

  /** One more; resolves when it serves. */
  async add(): Promise<Tab> {
    const tab = await this.#swarm.openLendingTab(this.#request, {model: this.#model});
    await serves(tab);
    this.#tabs.push(tab);
    return tab;
  }

  /** The tab that has been there longest goes; resolves when as many serve as before. */
  async depart(how: Departure): Promise<void> {
    const tab = this.#tabs.shift();
    if (tab === undefined) throw new Error('Nobody is there to leave');
    switch (how) {
      case 'close-tab':
        await tab.close();
        await this.add();
        return;
      case 'kill-tab':
        await tab.kill();
        await tab.close();
        await this.add();
        return;
      case 'stop-lending':
        await tab.stopLending();
        await tab.lend(this.#request);
        break;
      case 'reload':
        await tab.page.reload();
        await tab.page.waitForFunction(() => 'weftTab' in globalThis);
        await tab.lend(this.#request);
        break;
      case 'crash-engine':
        await tab.crashEngine();
        // It comes back by itself, twice in ten minutes.
        if ((await tab.lendState()).kind === 'failed') await tab.lend(this.#request);
        break;
      case 'freeze-tab': {
        const thaw = await tab.freeze();
        await wait(FROZEN_MS);
        thaw();
      }
    }
    await serves(tab);
    this.#tabs.push(tab);
  }
}

export async function serves(tab: Tab): Promise<void> {
  await tab.waitForLendState(['serving'], {timeoutMs: SERVE_TIMEOUT_MS});
}
