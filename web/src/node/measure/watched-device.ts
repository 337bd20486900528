import type {DeviceState} from '../../ports/device-state.ts';

/** The state of the device as the page last reported it, and the listeners for changes. */
export class WatchedDevice {
  readonly #listeners = new Set<(state: DeviceState) => void>();
  #state: DeviceState = {hidden: false};

  /** @param watch calls back now and on every change, for as long as the page lives. */
  constructor(watch: (listener: (state: DeviceState) => void) => void) {
    watch((state) => {
      this.#state = state;
      for (const listener of this.#listeners) listener(state);
    });
  }

  subscribe(listener: (state: DeviceState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => void this.#listeners.delete(listener);
  }
}
