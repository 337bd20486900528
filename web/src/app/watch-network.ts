import {Listeners} from '#shared/base/listeners.ts';
import type {ServerLinkState} from '#shared/transport/server-link/server-link.ts';
import type {NetworkService, NetworkState} from '../ports/network-service.ts';

/** What the browser says of the network; `window` and `navigator`, but for tests. */
export type BrowserNetwork = {
  readonly events: Pick<EventTarget, 'addEventListener' | 'removeEventListener'>;
  readonly isOnline: () => boolean;
};

/**
 * What the page says of the network, by the links that this tab tries: a browser may call a
 * machine offline that reaches a server on itself.
 */
export class WatchedNetwork implements NetworkService {
  readonly #browser: BrowserNetwork;
  readonly #listeners = new Listeners<[state: NetworkState]>();
  #hasFailed = false;
  #state: NetworkState = 'fine';

  constructor(browser: BrowserNetwork) {
    this.#browser = browser;
    for (const type of ['online', 'offline']) {
      browser.events.addEventListener(type, () => {
        this.#update();
      });
    }
  }

  isOnline(): boolean {
    return this.#browser.isOnline();
  }

  subscribe(listener: (state: NetworkState) => void): () => void {
    const unsubscribe = this.#listeners.add(listener);
    listener(this.#state);
    return unsubscribe;
  }

  onOnline(listener: () => void): () => void {
    const {events} = this.#browser;
    events.addEventListener('online', listener);
    return () => {
      events.removeEventListener('online', listener);
    };
  }

  /** Call when the link to the signal servers is lost, fails again, or is back. */
  serverState(state: ServerLinkState): void {
    this.#hasFailed = state.kind === 'connecting' && state.lastCause !== null;
    this.#update();
  }

  #update(): void {
    const state = this.#now();
    if (state === this.#state) return;
    this.#state = state;
    this.#listeners.call(state);
  }

  #now(): NetworkState {
    if (!this.#hasFailed) return 'fine';
    return this.isOnline() ? 'no-server' : 'offline';
  }
}
