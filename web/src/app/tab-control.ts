import type {AnswerEvent, AskRequest} from '#shared/client/chat/chat-service.ts';
import type {LabLendRequest} from '../node/lending/lab-lend.ts';
import type {LendState} from '../ports/lend-service.ts';
import type {LinkReport} from '../ports/link-service.ts';
import type {TabEvent} from '../ports/tab-event.ts';
import {lendPhase} from '../node/life/lend-phase.ts';
import type {LabControls} from './services/lab-controls.ts';
import type {Services} from './services/lazy-services.ts';

/** What a program that drives this tab may call: `globalThis.weftTab`. */
export type TabControl = LabControls & {
  lend(request: LabLendRequest): Promise<void>;
  stopLending(): Promise<void>;
  lendState(): LendState;
  /**
   * Asks, and hands each event to `globalThis.weftReport(askId, event, atUnixMs)`, waiting
   * for it before the next, so that the program sees the world between two events.
   */
  ask(askId: string, request: AskRequest): Promise<AskResult>;
  /** Asks, and gives all events at its end: meanwhile no program outside the page has anything to do. */
  askUnheard(
    askId: string,
    request: AskRequest,
  ): Promise<{readonly result: AskResult; readonly events: readonly HeardEvent[]}>;
  cancel(askId: string): void;
  links(): Promise<readonly LinkReport[]>;
};

export type HeardEvent = {readonly event: AnswerEvent; readonly atUnixMs: number};

export type AskResult =
  | {readonly kind: 'complete'}
  | {readonly kind: 'failed'; readonly code: string; readonly message: string};

// Set by the program that drives this tab, when it wants to hear.
declare global {
  var weftReport:
    | ((askId: string, event: AnswerEvent, atUnixMs: number) => Promise<void>)
    | undefined;
  /** Hears of every change of kind or layers, not of every figure in between. */
  var weftLendChanged: ((state: LendState, atUnixMs: number) => Promise<void>) | undefined;
  /** Hears of each change in the life of the tab. */
  var weftTabEvent: ((event: TabEvent, atUnixMs: number) => Promise<void>) | undefined;
}

/** Tells whoever drives this tab, if anybody does. */
export function reportTabEvent(event: TabEvent): void {
  void globalThis.weftTabEvent?.(event, unixMs());
}

/** Puts `weftTab` where a program finds it. Only when the address asks for it. */
export function exposeTabControl(services: Services): void {
  const {chat, lendService, links, lab} = services;
  const running = new Map<string, AbortController>();
  let lendState: LendState = {kind: 'idle'};
  lendService.subscribe((state) => {
    const isChange = lendPhase(state) !== lendPhase(lendState);
    lendState = state;
    if (isChange) void globalThis.weftLendChanged?.(state, unixMs());
  });
  const ask = async (
    {askId, request}: {readonly askId: string; readonly request: AskRequest},
    onEvent: (heard: HeardEvent) => Promise<void> | void,
  ): Promise<AskResult> => {
    const abort = new AbortController();
    running.set(askId, abort);
    try {
      for await (const event of chat.ask(request, abort)) {
        await onEvent({event, atUnixMs: unixMs()});
      }
      return {kind: 'complete'};
    } catch (error) {
      return failureOf(error);
    } finally {
      running.delete(askId);
    }
  };
  const control: TabControl = {
    lend: (request) => lendService.lend(request),
    stopLending: () => lendService.stop(),
    lendState: () => lendState,
    ask: (askId, request) =>
      ask({askId, request}, ({event, atUnixMs}) => globalThis.weftReport?.(askId, event, atUnixMs)),
    askUnheard: async (askId, request) => {
      const events: HeardEvent[] = [];
      const result = await ask({askId, request}, (heard) => void events.push(heard));
      return {result, events};
    },
    cancel: (askId) => running.get(askId)?.abort(),
    links: () => links.report(),
    ...lab,
  };
  Object.assign(globalThis, {weftTab: control});
}

/** With fractions: `Date.now()` has none. */
function unixMs(): number {
  return performance.timeOrigin + performance.now();
}

function failureOf(error: unknown): AskResult {
  const message = error instanceof Error ? error.message : String(error);
  const detail: unknown = error instanceof Error && 'detail' in error ? error.detail : null;
  const hasCode = typeof detail === 'object' && detail !== null && 'code' in detail;
  const name = error instanceof Error ? error.name : 'Error';
  return {kind: 'failed', code: hasCode ? String(detail.code) : name, message};
}
