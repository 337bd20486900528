import type {DeviceState} from '../ports/device-state.ts';

/** Calls back with the state of the device, now and on every change. */
export function watchDevice(listener: (state: DeviceState) => void): void {
  const tell = (): void => {
    listener({hidden: document.visibilityState === 'hidden'});
  };
  document.addEventListener('visibilitychange', tell);
  tell();
}
