/** What the page knows of the device that the tab runs on. */
export type DeviceState = {
  /** The tab is in the background: slower timers, slower steps. */
  readonly hidden: boolean;
};
