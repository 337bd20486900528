import type {ReactiveController, ReactiveControllerHost} from 'lit';
import type {AnswerEvent, AskRequest, ChainHop, ChatService} from '../../chat/chat-service.ts';

export type AnswerView =
  | {readonly kind: 'idle'}
  | {readonly kind: 'running'; readonly progress: AnswerProgress}
  | {readonly kind: 'complete'; readonly progress: AnswerProgress; readonly stopped: boolean}
  | {readonly kind: 'failed'; readonly progress: AnswerProgress; readonly message: string};

export type AnswerProgress = {
  readonly text: string;
  readonly tokenCount: number;
  readonly hops: readonly ChainHop[];
  /** Layers that nobody serves, while the answer waits for them. */
  readonly missing: readonly {readonly startLayer: number; readonly endLayer: number}[];
  readonly firstTokenAtMs: number | null;
  readonly lastTokenAtMs: number | null;
};

const NOTHING: AnswerProgress = {
  text: '',
  tokenCount: 0,
  hops: [],
  missing: [],
  firstTokenAtMs: null,
  lastTokenAtMs: null,
};

/** Turns one answer into one renderable value. Owns the abort signal. */
export class AnswerController implements ReactiveController {
  readonly #host: ReactiveControllerHost;
  #abort: AbortController | null = null;
  view: AnswerView = {kind: 'idle'};

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.stop();
  }

  stop(): void {
    this.#abort?.abort();
  }

  async start(chat: ChatService, request: AskRequest): Promise<void> {
    this.stop();
    const abort = new AbortController();
    this.#abort = abort;
    let progress = NOTHING;
    const show = (view: AnswerView): void => {
      if (this.#abort !== abort) return;
      this.view = view;
      this.#host.requestUpdate();
    };
    show({kind: 'running', progress});
    try {
      for await (const event of chat.ask(request, {signal: abort.signal})) {
        progress = afterEvent(progress, event);
        show({kind: 'running', progress});
      }
      show({kind: 'complete', progress, stopped: false});
    } catch (error) {
      if (abort.signal.aborted) show({kind: 'complete', progress, stopped: true});
      else
        show({
          kind: 'failed',
          progress,
          message: error instanceof Error ? error.message : String(error),
        });
    }
  }
}

function afterEvent(progress: AnswerProgress, event: AnswerEvent): AnswerProgress {
  switch (event.kind) {
    case 'waiting':
      return {...progress, missing: event.missing};
    case 'chain':
      return {...progress, missing: [], hops: event.hops};
    case 'token':
      return {
        ...progress,
        text: progress.text + event.text,
        tokenCount: progress.tokenCount + 1,
        firstTokenAtMs: progress.firstTokenAtMs ?? event.atMs,
        lastTokenAtMs: event.atMs,
      };
    case 'end':
      return {...progress, text: progress.text + event.text};
    case 'prompt':
    case 'ready':
      return progress;
  }
}
