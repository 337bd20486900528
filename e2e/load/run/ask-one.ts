import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {AnswerEvent, AskRequest, ChainHop} from '#shared/client/chat/chat-service.ts';
import {missingLayersOf} from '../../demo/missing-layers.ts';
import {extendAnswer, NO_ANSWER, type Answer} from '../../swarm/answer.ts';
import {AskFailedError, type Tab} from '../../swarm/tab.ts';
import type {FaultPlan} from './fault-plan.ts';
import {RecoveryWatch} from './recovery-watch.ts';
import {rejectedBy} from './rejected-by.ts';
import type {RunJournal} from './run-journal.ts';
import type {RequestError, RequestRecord} from './run-record.ts';

/** How long a request waits for layers that nobody serves. */
export type Patience = {
  readonly ms: number;
  /** Whether the client knows all that there is to know: waiting changes nothing. */
  readonly isFinal: (missing: readonly MissingLayers[]) => boolean;
};

export type AskOneInput = {
  readonly id: number;
  readonly prompt: string;
  readonly client: {readonly index: number; readonly tab: Tab};
  readonly request: AskRequest;
  readonly faults: FaultPlan;
  readonly journal: RunJournal;
  readonly patience: Patience;
  /** Aborts with an `Error` that says why the run is over. */
  readonly signal: AbortSignal;
};

/** Asks one request of a scenario, and remembers all that was seen of it. Its failure is a value. */
export async function askOne(input: AskOneInput): Promise<RequestRecord> {
  const {id, prompt, client, request, faults, journal, signal} = input;
  const askedAtMs = journal.nowMs();
  journal.note('request-asked', {request: id, client: client.index}, askedAtMs);
  const seen = new SeenAnswer(input);
  let error: RequestError | null = null;
  try {
    const onEvent = (event: AnswerEvent, atUnixMs: number): Promise<void> =>
      seen.take(event, atUnixMs);
    const answering = client.tab.ask(request, {signal: seen.signal, onEvent});
    await Promise.race([answering, rejectedBy(seen.signal)]);
  } catch (cause) {
    error = seen.givenUp ?? (signal.aborted ? errorOf(signal.reason) : errorOf(cause));
  } finally {
    seen.end();
    faults.onEnd(id);
  }
  if (error === null)
    journal.note('request-completed', {request: id, tokens: seen.answer.tokenIds.length});
  else journal.note('request-failed', {request: id, ...error});
  const {promptTokenIds, text, tokenIds, topLogprobs, finishReason, served} = seen.answer;
  return {
    id,
    prompt,
    client: client.index,
    askedAtMs,
    endedAtMs: journal.nowMs(),
    promptTokenIds,
    text,
    tokenIds,
    tokenAtMs: seen.tokenAtMs,
    topLogprobs,
    finishReason,
    chains: seen.chains,
    recoveries: seen.recovery.recoveries,
    sessionIds: seen.sessionIds,
    predictedStepMs: seen.predictedStepMs,
    served,
    error,
  };
}

/** An answer as it comes in, and the end of patience when it does not. */
class SeenAnswer {
  readonly #input: AskOneInput;
  readonly #abort = new AbortController();
  readonly signal: AbortSignal;
  readonly sessionIds: string[] = [];
  readonly tokenAtMs: number[] = [];
  /** Those that became ready: one that refused has served nothing. */
  readonly chains: (readonly ChainHop[])[] = [];
  readonly recovery = new RecoveryWatch();
  answer: Answer = NO_ANSWER;
  predictedStepMs: number | null = null;
  givenUp: RequestError | null = null;
  #patience: NodeJS.Timeout | null = null;
  #missing = '';
  #chosen: readonly ChainHop[] = [];

  constructor(input: AskOneInput) {
    this.#input = input;
    this.signal = AbortSignal.any([this.#abort.signal, input.signal]);
  }

  async take(event: AnswerEvent, atUnixMs: number): Promise<void> {
    const {id, faults, journal} = this.#input;
    this.answer = extendAnswer(this.answer, event);
    this.recovery.see(event, journal.runMsOf(atUnixMs));
    switch (event.kind) {
      case 'waiting':
        this.#wait(event.missing);
        return;
      case 'chain':
        this.#stopWaiting();
        this.#chosen = event.hops;
        this.predictedStepMs = event.predictedStepMs;
        journal.note(
          'request-chain',
          {request: id, hops: event.hops.length},
          journal.runMsOf(atUnixMs),
        );
        await faults.onChain(id, event.hops);
        return;
      case 'ready':
        // An answer keeps its session from chain to chain.
        if (!this.sessionIds.includes(event.sessionId)) this.sessionIds.push(event.sessionId);
        this.chains.push(this.#chosen);
        journal.note('request-ready', {request: id}, journal.runMsOf(atUnixMs));
        await faults.onTokens(id, 0);
        await faults.onRecovery(id, this.chains.length - 1);
        return;
      case 'token':
        this.tokenAtMs.push(journal.runMsOf(atUnixMs));
        await faults.onTokens(id, this.tokenAtMs.length);
        return;
      case 'lost': {
        const {code, node} = event;
        journal.note('request-lost-hop', {request: id, code, node}, journal.runMsOf(atUnixMs));
        return;
      }
      case 'vocabulary':
      case 'prompt':
      case 'end':
      case 'served':
        return;
    }
  }

  end(): void {
    this.#stopWaiting();
  }

  /** What is missing may change while it waits; the time limit stays that of the first word. */
  #wait(missing: readonly MissingLayers[]): void {
    const {id, journal, patience} = this.#input;
    this.#missing = missingLayersOf(missing);
    // Room comes and goes: how long to wait for it is the client's own business.
    if (missing.every(({why}) => why === 'full')) {
      this.#stopWaiting();
      return;
    }
    if (this.#patience === null) {
      journal.note('request-waiting', {request: id, message: this.#missing});
      this.#patience = setTimeout(() => {
        this.#giveUp();
      }, patience.ms);
    }
    if (patience.isFinal(missing)) this.#giveUp();
  }

  #giveUp(): void {
    this.givenUp = {code: 'LAYERS_MISSING', message: this.#missing};
    this.#abort.abort();
  }

  #stopWaiting(): void {
    if (this.#patience !== null) clearTimeout(this.#patience);
    this.#patience = null;
  }
}

function errorOf(cause: unknown): RequestError {
  if (cause instanceof AskFailedError) return {code: cause.code, message: cause.message};
  if (cause instanceof Error) return {code: cause.name, message: cause.message};
  return {code: 'Error', message: String(cause)};
}
