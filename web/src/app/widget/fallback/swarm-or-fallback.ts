import {untilAborted} from '#shared/base/until-aborted.ts';
import {codeOf} from '../../../ports/explain-failure.ts';
import type {AnswerEvent, AskRequest, ChatService} from '../../../ports/chat-service.ts';

type Services = {
  readonly swarm: ChatService;
  readonly fallback: ChatService;
  /** Whether the server lists a whole chain. Never rejects. */
  readonly isServed: (options: {readonly signal: AbortSignal}) => Promise<boolean>;
  /** Begins with each question, and aborts when joining the swarm for it has taken too long. */
  readonly joinTimeout: () => AbortSignal;
};

/** What no other service could do better: the person has to ask another way. */
const ANYWHERE: ReadonlySet<string> = new Set(['PROMPT_EMPTY', 'PROMPT_TOO_LONG', 'CONTEXT_FULL']);

/**
 * Asks the swarm, and the fallback only where the swarm cannot serve: nobody holds some layers,
 * every tab is busy, or it cannot be joined in time. An answer of which something was shown never changes
 * its author.
 */
export function swarmOrFallback(services: Services): ChatService {
  return {
    async *ask(request, {signal}) {
      const isServed = await services.isServed({signal});
      signal.throwIfAborted();
      const isDone = isServed && (yield* askSwarm(services, request, signal));
      if (!isDone) yield* services.fallback.ask(request, {signal});
    },
  };
}

/** @returns whether the swarm has answered. */
async function* askSwarm(
  {swarm, joinTimeout}: Services,
  request: AskRequest,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, boolean, undefined> {
  const givingUp = new AbortController();
  const signals = AbortSignal.any([signal, givingUp.signal]);
  let hasText = false;
  try {
    const events = swarm.ask(request, {signal: signals});
    for await (const event of startedBefore(joinTimeout(), events)) {
      if (event.kind === 'waiting' && !hasText) return false;
      if (event.kind === 'token') hasText ||= event.text !== '';
      yield event;
    }
    return true;
  } catch (error) {
    if (hasText || signal.aborted || ANYWHERE.has(codeOf(error))) throw error;
    return false;
  } finally {
    givingUp.abort();
  }
}

/**
 * The same events, of which the first comes before `timeout` aborts.
 *
 * @throws the reason of `timeout`.
 */
async function* startedBefore(
  timeout: AbortSignal,
  events: AsyncIterable<AnswerEvent>,
): AsyncGenerator<AnswerEvent, void, undefined> {
  const iterator = events[Symbol.asyncIterator]();
  try {
    const first = await untilAborted(iterator.next(), timeout);
    if (first.done === true) return;
    yield first.value;
    yield* {[Symbol.asyncIterator]: () => iterator};
  } finally {
    // Not awaited: whoever joins for ever does not end either.
    void iterator.return?.().catch(() => undefined);
  }
}
