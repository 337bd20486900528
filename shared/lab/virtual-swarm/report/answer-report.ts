import type {RunNews} from '#shared/client/generation-run.ts';
import {endOf} from '#shared/client/session-messages.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import {REFUSALS, type RefusalCode} from '#shared/protocol/control/refusal-code.ts';
import type {SeenEvent} from '#shared/session/generation/state/generation-event.ts';
import {
  tokenCountOf,
  type GenerationState,
} from '#shared/session/generation/state/generation-state.ts';

/** What became of one request. Times are since the start of the run. */
export type AnswerReport = {
  readonly askedMs: number;
  firstTokenMs: number | null;
  endMs: number | null;
  tokens: number;
  /** Tokens after `countFromMs`, the first of them not counted, and the time that they took. */
  countedTokens: number;
  countedMs: number;
  outcome: 'running' | 'done' | 'failed';
  /** Openings that a hop refused. */
  refusals: number;
  /** How often a hop was lost during an answer that continued without it. */
  recoveries: number;
  replayedTokens: number;
  /** Refusals that no honest peer may ever give another. */
  bugs: number;
  hops: readonly Hop[];
};

/** Watches one answer, and decides nothing. */
export class AnswerWatch {
  readonly report: AnswerReport;
  readonly #countFromMs: number;
  #countsSinceMs = 0;

  constructor({askedMs, countFromMs}: {readonly askedMs: number; readonly countFromMs: number}) {
    this.#countFromMs = countFromMs;
    this.report = {
      askedMs,
      firstTokenMs: null,
      endMs: null,
      tokens: 0,
      countedTokens: -1,
      countedMs: 0,
      outcome: 'running',
      refusals: 0,
      recoveries: 0,
      replayedTokens: 0,
      bugs: 0,
      hops: [],
    };
  }

  /** What the answer, in this state, is about to hear. */
  see(state: GenerationState, seen: SeenEvent): void {
    if ('epoch' in seen && seen.epoch !== state.answer.epoch) return;
    if (seen.kind === 'ready') this.#seeReady(state, seen.inputFrom);
    else if (seen.kind === 'refused') this.#seeLoss(state, seen.refusal.code);
    else if (
      seen.kind === 'link-lost' &&
      'hops' in state &&
      endOf(state.hops, seen.peerId) !== null
    ) {
      this.#seeLoss(state, 'PEER_LEFT');
    }
  }

  /** What its reader hears. */
  hear(news: RunNews<Hop>, nowMs: number): void {
    if (news.kind === 'chain') this.report.hops = news.hops;
    if (news.kind === 'end') this.end('done', nowMs);
    if (news.kind === 'token') this.#countToken(nowMs);
  }

  #countToken(nowMs: number): void {
    const {report} = this;
    report.firstTokenMs ??= nowMs;
    report.tokens += 1;
    if (nowMs < this.#countFromMs) return;
    report.countedTokens += 1;
    if (report.countedTokens === 0) this.#countsSinceMs = nowMs;
    report.countedMs = nowMs - this.#countsSinceMs;
  }

  /** The first end is the one that counts. */
  end(outcome: 'done' | 'failed', nowMs: number): void {
    if (this.report.outcome !== 'running') return;
    this.report.outcome = outcome;
    this.report.endMs = nowMs;
  }

  #seeReady({answer}: GenerationState, inputFrom: readonly number[]): void {
    if (answer.tokenIds.length === 0) return;
    const position = tokenCountOf(answer) - 1;
    for (const from of inputFrom) this.report.replayedTokens += position - from;
  }

  #seeLoss({kind, answer}: GenerationState, code: RefusalCode): void {
    if (REFUSALS[code].next === 'bug') this.report.bugs += 1;
    if (kind === 'opening') this.report.refusals += 1;
    const isServed = kind === 'feeding' || kind === 'decoding';
    if (isServed && answer.tokenIds.length > 0) this.report.recoveries += 1;
  }
}
