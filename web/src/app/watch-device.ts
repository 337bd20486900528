import type {DeviceState} from '../ports/device-state.ts';

/** Not in TypeScript's DOM library: Chromium only. */
type BatteryManager = EventTarget & {readonly charging: boolean};
type NetworkInformation = EventTarget & {readonly saveData?: boolean; readonly type?: string};

/**
 * Calls back with the state of the device, now and on every change: whether the tab is hidden,
 * runs on battery, or pays for its bytes. Where the browser does not say, the answer is no.
 */
export function watchDevice(listener: (state: DeviceState) => void): void {
  let battery: BatteryManager | null = null;
  const connection = connectionOf(navigator);
  const tell = (): void => {
    listener({
      hidden: document.visibilityState === 'hidden',
      onBattery: battery !== null && !battery.charging,
      metered: connection?.saveData === true || connection?.type === 'cellular',
    });
  };
  document.addEventListener('visibilitychange', tell);
  connection?.addEventListener('change', tell);
  const findBattery = async (): Promise<void> => {
    battery = await batteryOf(navigator);
    battery?.addEventListener('chargingchange', tell);
    tell();
  };
  tell();
  void findBattery();
}

function connectionOf(nav: Navigator): NetworkInformation | null {
  if (!('connection' in nav)) return null;
  return nav.connection instanceof EventTarget ? nav.connection : null;
}

async function batteryOf(nav: Navigator): Promise<BatteryManager | null> {
  if (!('getBattery' in nav) || typeof nav.getBattery !== 'function') return null;
  try {
    const battery: unknown = await nav.getBattery();
    return isBattery(battery) ? battery : null;
  } catch {
    return null; // Forbidden by the policy of a page around this one: then nobody knows.
  }
}

function isBattery(value: unknown): value is BatteryManager {
  return value instanceof EventTarget && 'charging' in value && typeof value.charging === 'boolean';
}
