/** Whether this tab reaches the signal servers. */
export type NetworkState =
  /** It does, or has not tried yet. */
  | 'fine'
  /** None answers; this tab tries again by itself, and answers that run go on. */
  | 'no-server'
  /** None answers, and the browser says that the device has no network. */
  | 'offline';

export interface NetworkService {
  /** As the browser sees it; `false` is sure, `true` is not. */
  isOnline(): boolean;
  /** The state now and on every change, until `unsubscribe`. */
  subscribe(listener: (state: NetworkState) => void): () => void;
  /** Calls `listener` when the network is back, until `unsubscribe`. */
  onOnline(listener: () => void): () => void;
}
