import type {AnswerEvent, AskRequest, ChatService} from '../chat/chat-service.ts';
import type {LendRequest, LendService, LendState} from '../chat/lend-service.ts';
import type {LinkReport, LinkService} from '../chat/link-service.ts';

/** What a program that drives this tab may call: `globalThis.weftTab`. */
export type TabControl = {
  lend(request: LendRequest): Promise<void>;
  stopLending(): Promise<void>;
  lendState(): LendState;
  /**
   * Asks, and hands each event to `globalThis.weftReport(askId, event)`, waiting for it
   * before the next, so that the program sees the world between two events.
   */
  ask(askId: string, request: AskRequest): Promise<AskResult>;
  cancel(askId: string): void;
  links(): Promise<readonly LinkReport[]>;
};

export type AskResult =
  | {readonly kind: 'complete'}
  | {readonly kind: 'failed'; readonly code: string; readonly message: string};

type Report = (askId: string, event: AnswerEvent) => Promise<void>;

declare global {
  /** Set by the program that drives this tab, when it wants to hear. */
  var weftReport: Report | undefined;
}

/** Puts `weftTab` where a program finds it. Only when the address asks for it. */
export function exposeTabControl(services: {
  readonly chat: ChatService;
  readonly lendService: LendService;
  readonly links: LinkService;
}): void {
  const {chat, lendService, links} = services;
  const running = new Map<string, AbortController>();
  let lendState: LendState = {kind: 'idle'};
  lendService.subscribe((state) => {
    lendState = state;
  });
  const control: TabControl = {
    lend: (request) => lendService.lend(request),
    stopLending: () => lendService.stop(),
    lendState: () => lendState,
    ask: async (askId, request) => {
      const abort = new AbortController();
      running.set(askId, abort);
      try {
        const report = reporter();
        for await (const event of chat.ask(request, abort)) await report(askId, event);
        return {kind: 'complete'};
      } catch (error) {
        return failureOf(error);
      } finally {
        running.delete(askId);
      }
    },
    cancel: (askId) => running.get(askId)?.abort(),
    links: () => links.report(),
  };
  Object.assign(globalThis, {weftTab: control});
}

function reporter(): Report {
  return globalThis.weftReport ?? (() => Promise.resolve());
}

function failureOf(error: unknown): AskResult {
  const message = error instanceof Error ? error.message : String(error);
  const detail: unknown = error instanceof Error && 'detail' in error ? error.detail : null;
  const hasCode = typeof detail === 'object' && detail !== null && 'code' in detail;
  const name = error instanceof Error ? error.name : 'Error';
  return {kind: 'failed', code: hasCode ? String(detail.code) : name, message};
}
