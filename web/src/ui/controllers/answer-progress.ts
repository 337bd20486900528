import type {AnswerEvent, ChainHop, MissingLayers, ServedHop} from '../../ports/chat-service.ts';
import type {Failure} from '../../ports/explain-failure.ts';

/** What an unfinished answer is busy with. */
export type AnswerStage =
  | 'joining'
  | 'choosing'
  | 'waiting'
  | 'opening'
  | 'reading'
  | 'elsewhere'
  | 'writing';

/** Everything that is known of one answer, finished or not. Times by the page's own clock. */
export type AnswerProgress = {
  readonly stage: AnswerStage;
  readonly text: string;
  readonly promptTokenCount: number;
  readonly tokenCount: number;
  readonly hops: readonly ChainHop[];
  /** The service that answers in place of the swarm; `null`: the swarm does. */
  readonly servedElsewhere: string | null;
  /** How many chains served the answer one after the other. */
  readonly chainCount: number;
  /** Layers that cannot be served, while the answer waits for them. */
  readonly missing: readonly MissingLayers[];
  readonly askedAtMs: number;
  readonly firstTokenAtMs: number | null;
  readonly lastTokenAtMs: number | null;
  readonly finishReason: 'stop' | 'length' | null;
  /** What the hops say that they took; empty until they say it. */
  readonly served: readonly ServedHop[];
};

export type AnswerView =
  | {readonly kind: 'running'; readonly progress: AnswerProgress}
  | {readonly kind: 'complete'; readonly progress: AnswerProgress; readonly isStopped: boolean}
  | {readonly kind: 'failed'; readonly progress: AnswerProgress; readonly failure: Failure};

export function beginAnswer(askedAtMs: number): AnswerProgress {
  return {
    stage: 'joining',
    text: '',
    promptTokenCount: 0,
    tokenCount: 0,
    hops: [],
    servedElsewhere: null,
    chainCount: 0,
    missing: [],
    askedAtMs,
    firstTokenAtMs: null,
    lastTokenAtMs: null,
    finishReason: null,
    served: [],
  };
}

export function afterEvent(progress: AnswerProgress, event: AnswerEvent): AnswerProgress {
  switch (event.kind) {
    case 'prompt':
      return {...progress, stage: 'choosing', promptTokenCount: event.tokenIds.length};
    case 'waiting':
      return {...progress, stage: 'waiting', missing: event.missing};
    case 'chain':
      return {
        ...progress,
        stage: 'opening',
        missing: [],
        hops: event.hops,
        chainCount: progress.chainCount + 1,
      };
    case 'ready':
      return {...progress, stage: 'reading'};
    case 'token':
      return {...afterText(progress, event), tokenCount: progress.tokenCount + 1};
    case 'elsewhere':
      return {...progress, stage: 'elsewhere', missing: [], hops: [], servedElsewhere: event.host};
    case 'text':
      return afterText(progress, event);
    case 'end':
      return {
        ...progress,
        text: progress.text + event.text,
        finishReason: event.finishReason,
      };
    case 'served':
      return {...progress, served: event.hops};
  }
}

function afterText(
  progress: AnswerProgress,
  {text, atMs}: {readonly text: string; readonly atMs: number},
): AnswerProgress {
  return {
    ...progress,
    stage: 'writing',
    text: progress.text + text,
    firstTokenAtMs: progress.firstTokenAtMs ?? atMs,
    lastTokenAtMs: atMs,
  };
}

/** Mean time between two tokens; `null` before there are two. */
export function msPerTokenOf(progress: AnswerProgress): number | null {
  const {tokenCount, firstTokenAtMs, lastTokenAtMs} = progress;
  if (tokenCount < 2 || firstTokenAtMs === null || lastTokenAtMs === null) return null;
  return (lastTokenAtMs - firstTokenAtMs) / (tokenCount - 1);
}
