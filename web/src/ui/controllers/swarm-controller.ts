import type {ReactiveController, ReactiveControllerHost} from 'lit';
import type {ModelSummary, SwarmService} from '../../ports/swarm-service.ts';

const READ_EVERY_MS = 10_000;
const READ_TIMEOUT_MS = 8_000;

/** `unknown`: not read yet, or the server does not say. `null`: nobody serves the model. */
export type SwarmView = ModelSummary | null | 'unknown';

/** The tabs that serve the model now, read again while the page is visible. */
export class SwarmController implements ReactiveController {
  view: SwarmView = 'unknown';
  readonly #host: ReactiveControllerHost;
  readonly #service: () => SwarmService | undefined;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** @param service is there when the host is connected. */
  constructor(host: ReactiveControllerHost, service: () => SwarmService | undefined) {
    this.#host = host;
    this.#service = service;
    host.addController(this);
  }

  hostConnected(): void {
    void this.#read();
    this.#timer = setInterval(() => void this.#read(), READ_EVERY_MS);
  }

  hostDisconnected(): void {
    clearInterval(this.#timer);
  }

  async #read(): Promise<void> {
    if (document.visibilityState === 'hidden') return;
    const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
    try {
      this.view = (await this.#service()?.read({signal})) ?? null;
    } catch {
      this.view = 'unknown'; // Asking and lending say why; a page that is only looked at does not.
    }
    this.#host.requestUpdate();
  }
}
