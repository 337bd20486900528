import {Listeners} from '#shared/base/listeners.ts';
import type {DeviceState} from '../../ports/device-state.ts';

/** The state of the device as the page last reported it, and the listeners for changes. */
export class WatchedDevice {
  readonly #listeners = new Listeners<[state: DeviceState]>();
  #state: DeviceState = {hidden: false};

  /** @param watch calls back now and on every change, for as long as the page lives. */
  constructor(watch: (listener: (state: DeviceState) => void) => void) {
    watch((state) => {
      this.#state = state;
      this.#listeners.call(state);
    });
  }

  subscribe(listener: (state: DeviceState) => void): () => void {
    const unsubscribe = this.#listeners.add(listener);
    listener(this.#state);
    return unsubscribe;
  }
}
