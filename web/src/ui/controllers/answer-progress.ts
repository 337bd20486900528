import type {AnswerEvent, ChainHop, MissingLayers, ServedHop} from '../../ports/chat-service.ts';
import type {Failure} from '../../ports/explain-failure.ts';

/** What an unfinished answer is busy with. */
export type AnswerStage =
  | 'joining'
  /** What turns text into tokens comes, and then is built. */
  | 'download'
  | 'build'
  | 'choosing'
  | 'waiting'
  | 'opening'
  | 'reading'
  | 'elsewhere'
  | 'writing'
  /** The answer had begun, and lost a tab; another takes over. */
  | 'replacing';

/** Everything that is known of one answer, finished or not. Times by the page's own clock. */
export type AnswerProgress = {
  readonly stage: AnswerStage;
  /** How far the vocabulary is; `null`: it is there, or nobody knows. */
  readonly vocabulary: {readonly done: number; readonly total: number} | null;
  readonly text: string;
  readonly promptTokenCount: number;
  readonly tokenCount: number;
  readonly hops: readonly ChainHop[];
  /** The service that answers in place of the swarm; `null`: the swarm does. */
  readonly servedElsewhere: string | null;
  /** How many chains served the answer one after the other. */
  readonly chainCount: number;
  /** Another kind of engine went on: the rest may differ by rounding from what the first would have written. */
  readonly hasOtherEngine: boolean;
  /** Layers that cannot be served, while the answer waits for them. */
  readonly missing: readonly MissingLayers[];
  /** How long it waits for them; `null`: as long as its reader likes. */
  readonly patienceMs: number | null;
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
    vocabulary: null,
    text: '',
    promptTokenCount: 0,
    tokenCount: 0,
    hops: [],
    servedElsewhere: null,
    chainCount: 0,
    hasOtherEngine: false,
    missing: [],
    patienceMs: null,
    askedAtMs,
    firstTokenAtMs: null,
    lastTokenAtMs: null,
    finishReason: null,
    served: [],
  };
}

export function afterEvent(progress: AnswerProgress, event: AnswerEvent): AnswerProgress {
  switch (event.kind) {
    case 'vocabulary':
      return {...progress, stage: event.step, vocabulary: event};
    case 'prompt': {
      const {length: promptTokenCount} = event.tokenIds;
      return {...progress, stage: 'choosing', vocabulary: null, promptTokenCount};
    }
    case 'waiting':
      return {
        ...progress,
        stage: 'waiting',
        missing: event.missing,
        patienceMs: event.patienceMs,
      };
    case 'chain':
      return afterChain(progress, event.hops);
    case 'ready':
      return afterReady(progress);
    case 'lost':
      return {...progress, stage: 'replacing'};
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

function afterReady(progress: AnswerProgress): AnswerProgress {
  return hasBegun(progress) ? progress : {...progress, stage: 'reading'};
}

function afterChain(progress: AnswerProgress, hops: readonly ChainHop[]): AnswerProgress {
  const isReplaced = hasBegun(progress);
  return {
    ...progress,
    stage: isReplaced ? 'replacing' : 'opening',
    missing: [],
    hops,
    chainCount: progress.chainCount + 1,
    hasOtherEngine: progress.hasOtherEngine || (isReplaced && changesEngine(progress.hops, hops)),
  };
}

function hasBegun({tokenCount}: AnswerProgress): boolean {
  return tokenCount > 0;
}

/** Whether some layer runs on another kind of engine than before. */
function changesEngine(before: readonly ChainHop[], after: readonly ChainHop[]): boolean {
  return after.some(({startLayer, endLayer, engine}) =>
    before.some(
      (hop) => hop.startLayer < endLayer && startLayer < hop.endLayer && hop.engine !== engine,
    ),
  );
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
