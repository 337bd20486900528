import type {ReactiveController, ReactiveControllerHost} from 'lit';
import type {ModelSummary, SwarmService} from '../../ports/swarm-service.ts';

const READ_EVERY_MS = 10_000;
const READ_TIMEOUT_MS = 8_000;

/** `unknown`: the server does not say. `null`: nobody serves the model. */
export type SwarmView<Summary = ModelSummary> = Summary | null | 'not-read' | 'unknown';

/** The tabs that serve the model now, read again while the page is visible. */
export class SwarmController<Summary = ModelSummary> implements ReactiveController {
  view: SwarmView<Summary> = 'not-read';
  /** Why the view is unknown. */
  failure: unknown = null;
  readonly #host: ReactiveControllerHost;
  readonly #service: () => SwarmService<Summary> | undefined;
  readonly #everyMs: () => number;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /**
   * @param service there is nothing to read as long as it is not there.
   * @param everyMs may change between two readings.
   */
  constructor(
    host: ReactiveControllerHost,
    service: () => SwarmService<Summary> | undefined,
    everyMs = (): number => READ_EVERY_MS,
  ) {
    this.#host = host;
    this.#service = service;
    this.#everyMs = everyMs;
    host.addController(this);
  }

  hostConnected(): void {
    document.addEventListener('visibilitychange', this.readNow);
    this.readNow();
  }

  hostDisconnected(): void {
    document.removeEventListener('visibilitychange', this.readNow);
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** Reads, unless the page is hidden, and again in a while. */
  readonly readNow = (): void => {
    clearTimeout(this.#timer);
    if (document.visibilityState === 'hidden') return;
    this.#timer = setTimeout(this.readNow, this.#everyMs());
    void this.#read();
  };

  async #read(): Promise<void> {
    const service = this.#service();
    if (service === undefined) return;
    const signal = AbortSignal.timeout(READ_TIMEOUT_MS);
    try {
      this.view = await service.read({signal});
    } catch (error) {
      this.failure = error;
      this.view = 'unknown'; // Asking and lending say why; a page that is only looked at does not.
    }
    this.#host.requestUpdate();
  }
}
