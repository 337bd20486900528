import type {ReactiveController, ReactiveControllerHost} from 'lit';
import type {NetworkService, NetworkState} from '../../ports/network-service.ts';

/** Whether the tab reaches the signal servers, as one renderable value. */
export class NetworkController implements ReactiveController {
  state: NetworkState = 'fine';
  readonly #host: ReactiveControllerHost;
  readonly #service: () => NetworkService | undefined;
  #unsubscribe: (() => void) | undefined;

  /** @param service is there when the host is connected. */
  constructor(host: ReactiveControllerHost, service: () => NetworkService | undefined) {
    this.#host = host;
    this.#service = service;
    host.addController(this);
  }

  hostConnected(): void {
    this.#unsubscribe = this.#service()?.subscribe((state) => {
      this.state = state;
      this.#host.requestUpdate();
    });
  }

  hostDisconnected(): void {
    this.#unsubscribe?.();
  }
}
