import type {PeerId} from '#shared/base/ids.ts';
import type {Hop} from '#shared/protocol/control/open-session.ts';
import type {SampledToken} from '#shared/protocol/frame/sampled-token.ts';
import type {MissingLayers} from '#shared/scheduling/scheduling-event.ts';
import type {Doubt} from './doubt.ts';
import type {GenerationTask} from './generation-task.ts';
import type {Refusal} from './refusal.ts';

/** A hop of a chain, and the class of its engine where phase 2 named it. */
export type RanHop = Hop & {readonly engine?: string};

/** What an answer has so far, whatever happens to its chain. */
export type Answer = {
  readonly task: GenerationTask;
  /** Tokens that the reader has; they only ever grow. */
  readonly tokenIds: readonly number[];
  /** Of the last opening; -1 before the first. */
  readonly epoch: number;
  /** Hops that may hold a cache of this answer, of the last chain or of one before. */
  readonly opened: readonly Hop[];
  /** Those of them that were up to date when their chain broke. */
  readonly warm: readonly Hop[];
  /** The chain of its last token: the rest of the text is the same where engines of the same classes go on. */
  readonly ran: readonly RanHop[];
  /** Peers that are not chosen again until something has changed about them, and what they did. */
  readonly avoid: ReadonlyMap<PeerId, Refusal>;
  /** Those of them to whom a link was looked for since. */
  readonly sought: ReadonlySet<PeerId>;
  /** Peers that are not chosen again at all: they sent what no honest hop sends. */
  readonly liars: ReadonlySet<PeerId>;
  /** Chains of which some hop is at fault, not known which. */
  readonly doubts: readonly Doubt[];
  /** Sets of doubted hops without which there is no chain; none while nobody looked. */
  readonly needed: readonly (readonly PeerId[])[];
  /** What was missing while all were avoided who are likely at fault; empty while nobody looked. */
  readonly missing: readonly MissingLayers[];
  /** The end token with which a chain began, if one did: believed of no chain alone. */
  readonly emptyEnd: SampledToken | null;
  /** Tries in a row that gave no token. */
  readonly failures: number;
  /** When the last of them began, and when the first. */
  readonly failedMs: number | null;
  readonly failsSinceMs: number | null;
  readonly lastRefusal: Refusal | null;
  /** When it first found nobody since its last token; `null` while it found somebody. */
  readonly waitsSinceMs: number | null;
  /** Since when layers are missing that nobody who is there has; `null` while there are none. */
  readonly goneSinceMs: number | null;
};

/** The life of one answer at its client. */
export type GenerationState =
  /** Phase 2 is being asked for a chain. */
  | {readonly kind: 'choosing'; readonly answer: Answer}
  /** Nobody can serve some layers now. */
  | {
      readonly kind: 'waiting';
      readonly answer: Answer;
      /** When it looks again by itself; `null`: only when the snapshot changes. */
      readonly wakeAtMs: number | null;
    }
  /** The opening is on its way down the chain. */
  | {
      readonly kind: 'opening';
      readonly answer: Answer;
      readonly hops: readonly RanHop[];
      /** What each hop is believed to hold; what it really holds comes with the readiness. */
      readonly warmPositions: readonly number[];
      readonly stepMs: number;
      readonly promptTokenMs: number;
      readonly dueMs: number;
    }
  /** The hops get what they lack, the prompt or what a new hop missed, until the first token comes. */
  | {
      readonly kind: 'feeding';
      readonly answer: Answer;
      readonly hops: readonly RanHop[];
      /** From where each hop needed input when the chain was ready. */
      readonly inputFrom: readonly number[];
      /** What is not handed over yet, as positions; the last piece asks for a token. */
      readonly pieces: readonly Piece[];
      readonly stepMs: number;
      readonly promptTokenMs: number;
      readonly dueMs: number;
    }
  /** Tokens go round. */
  | {
      readonly kind: 'decoding';
      readonly answer: Answer;
      readonly hops: readonly RanHop[];
      readonly stepMs: number;
      /** When the last token came. */
      readonly tokenAtMs: number;
      /** The head does not answer the client any more, while the chain delivers; `null` while it does. */
      readonly headLost: Refusal | null;
      readonly dueMs: number;
    }
  /** The chain fell silent; its hops are asked which of them it is. */
  | {
      readonly kind: 'searching';
      readonly answer: Answer;
      readonly hops: readonly RanHop[];
      readonly stepMs: number;
      /** Per hop but the tail how far it has come; `null` until it says so. */
      readonly reached: readonly (number | null)[];
      readonly dueMs: number;
    }
  /** Every token is there; until `servedByMs` the hops may say what they measured, then it is `null`. */
  | {
      readonly kind: 'complete';
      readonly answer: Answer;
      readonly hops: readonly RanHop[];
      readonly servedByMs: number | null;
    }
  /** The reader wants no more. */
  | {readonly kind: 'stopped'; readonly answer: Answer}
  | {readonly kind: 'failed'; readonly answer: Answer; readonly reason: FailureReason};

/** Positions `[from, to)` of the token list. */
export type Piece = {readonly from: number; readonly to: number};

/**
 * A state in which a chain serves the answer: it is predicted to take `stepMs` for one step, before the first
 * token `promptTokenMs` for one of many that it computes together, and has failed
 * when nothing came until `dueMs`.
 */
export type ServedState = Extract<
  GenerationState,
  {readonly kind: 'opening' | 'feeding' | 'decoding' | 'searching'}
>;

/** Why an answer cannot be completed. */
export type FailureReason =
  | {
      readonly kind: 'refused';
      readonly refusal: Refusal;
      /** What nobody else serves; absent where that was not the end. */
      readonly missing?: readonly MissingLayers[];
    }
  /** For all its patience it found no room. */
  | {
      readonly kind: 'full';
      readonly missing: readonly MissingLayers[];
      readonly refusal: Refusal | null;
    }
  /** Nobody holds or loads these layers any more, or nobody who answers this client. */
  | {
      readonly kind: 'lost';
      readonly missing: readonly MissingLayers[];
      readonly refusal: Refusal | null;
    }
  /** No cache that serves these layers could ever hold it. */
  | {readonly kind: 'too-long'; readonly mostKvTokens: number};

/** Whether nothing can happen to the answer any more. */
export function isOver(state: GenerationState): boolean {
  return (
    state.kind === 'stopped' ||
    state.kind === 'failed' ||
    (state.kind === 'complete' && state.servedByMs === null)
  );
}

/** When the machine wants to hear the time (`tick`), or `null`. */
export function wakeAtMs(state: GenerationState): number | null {
  switch (state.kind) {
    case 'waiting':
      return state.wakeAtMs;
    case 'opening':
    case 'feeding':
    case 'decoding':
    case 'searching':
      return state.dueMs;
    case 'complete':
      return state.servedByMs;
    default:
      return null;
  }
}

/** Why the head does not answer the client while its chain delivers, if it does not. */
export function headLostOf(state: GenerationState): Refusal | null {
  return state.kind === 'decoding' ? state.headLost : null;
}

/** Whether its reader has a token of it. */
export function hasBegun({tokenIds}: Answer): boolean {
  return tokenIds.length > 0;
}

/** Tokens of prompt and answer together. */
export function tokenCountOf({task, tokenIds}: Answer): number {
  return task.promptTokenIds.length + tokenIds.length;
}
