import type {AnswerEvent, AskRequest, ChatService} from '#shared/client/chat/chat-service.ts';
import {codeOf} from '../ports/explain-failure.ts';
import type {LendRequest, LendService, LendState} from '../ports/lend-service.ts';
import type {LinkReport, LinkService} from '../ports/link-service.ts';
import type {LabControls} from './lab-controls.ts';

/** Everything behind the page: loaded at the first click, since most of the code is here. */
export type Services = {
  readonly chat: ChatService;
  readonly lendService: LendService;
  readonly links: LinkService;
  readonly lab: LabControls;
};

/** Replaces services that are loaded when one of them is first used. */
export function lazyServices(load: () => Promise<Services>): Services {
  let loading: Promise<Services> | null = null;
  const loaded = (): Promise<Services> => {
    loading ??= load().catch((error: unknown) => {
      loading = null; // The network may be back at the next click.
      throw error;
    });
    return loading;
  };
  return {
    chat: {
      ask: (request: AskRequest, options) => lazyAnswer(loaded, request, options.signal),
    },
    lendService: new LazyLendService(loaded),
    links: {
      report: async (): Promise<readonly LinkReport[]> =>
        loading === null ? [] : (await loaded()).links.report(),
    },
    lab: {
      prepare: async () => (await loaded()).lab.prepare(),
      traffic: async () => (await loaded()).lab.traffic(),
      lendLoad: async () => (await loaded()).lab.lendLoad(),
      knownPeers: async () => (await loaded()).lab.knownPeers(),
      knownRecords: async () => (await loaded()).lab.knownRecords(),
      crashEngine: async () => (await loaded()).lab.crashEngine(),
    },
  };
}

async function* lazyAnswer(
  loaded: () => Promise<Services>,
  request: AskRequest,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, void, undefined> {
  const {chat} = await loaded();
  yield* chat.ask(request, {signal});
}

class LazyLendService implements LendService {
  readonly #loaded: () => Promise<Services>;
  readonly #listeners = new Set<(state: LendState) => void>();
  #state: LendState = {kind: 'idle'};
  #service: LendService | null = null;
  /** Aborted by a `stop` while the code is still on its way. */
  #loading: AbortController | null = null;

  constructor(loaded: () => Promise<Services>) {
    this.#loaded = loaded;
  }

  subscribe(listener: (state: LendState) => void): () => void {
    this.#listeners.add(listener);
    listener(this.#state);
    return () => void this.#listeners.delete(listener);
  }

  async lend(request: LendRequest): Promise<void> {
    if (this.#state.kind !== 'idle' && this.#state.kind !== 'failed') return;
    this.#enter({kind: 'joining'});
    const loading = new AbortController();
    this.#loading = loading;
    try {
      const service = await this.#load();
      if (!loading.signal.aborted) await service.lend(request);
    } catch (error) {
      if (loading.signal.aborted) return;
      const message = error instanceof Error ? error.message : String(error);
      this.#enter({kind: 'failed', code: codeOf(error), message});
    }
  }

  async stop(): Promise<void> {
    this.#loading?.abort();
    if (this.#service === null) this.#enter({kind: 'idle'});
    else await this.#service.stop();
  }

  async #load(): Promise<LendService> {
    const {lendService} = await this.#loaded();
    if (this.#service === null) {
      this.#service = lendService;
      lendService.subscribe((state) => {
        this.#enter(state);
      });
    }
    return lendService;
  }

  #enter(state: LendState): void {
    this.#state = state;
    for (const listener of this.#listeners) listener(state);
  }
}
