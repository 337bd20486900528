import {WeftError} from '#shared/base/errors.ts';
import type {LayerRange} from '#shared/model/layer-range.ts';
import type {DownloadFault} from '#shared/client/download/download-error.ts';

/** What can go wrong between a caller and the engine. Plain data: it crosses the worker's border. */
export type EngineErrorDetail =
  | {
      readonly code: 'TENSOR_ALTERED';
      readonly tensor: string;
      readonly expectedSha256: string;
      readonly actualSha256: string;
    }
  /** `status` is `null` when no answer came at all. */
  | {
      readonly code: 'WEIGHTS_UNREACHABLE';
      readonly url: string;
      readonly status: number | null;
      readonly fault: DownloadFault;
    }
  /** The caches that are open leave no room: try again later, or another node. */
  | {readonly code: 'KV_FULL'; readonly kvTokensAsked: number; readonly kvTokensFree: number}
  /** Longer than the model's context: no node can help. */
  | {readonly code: 'CONTEXT_FULL'; readonly tokens: number; readonly contextTokens: number}
  | {readonly code: 'UNKNOWN_SESSION'; readonly sessionId: string}
  /** The step does not continue the cache: replay from `expectedPosition`, or truncate. */
  | {
      readonly code: 'WRONG_POSITION';
      readonly position: number;
      readonly expectedPosition: number;
    }
  /** A shape, range, dtype or token id that this shard cannot run: the sender's fault. */
  | {readonly code: 'BAD_STEP'}
  /** These layers returned NaN or Infinity. */
  | {readonly code: 'NOT_FINITE'; readonly range: LayerRange}
  | {readonly code: 'SELF_TEST_FAILED'}
  /** The engine gives other numbers than the outside reference, on which the manifest is based. */
  | {
      readonly code: 'GOLDEN_TEST_FAILED';
      readonly part: LayerRange | 'embedding' | 'lm-head';
      readonly relativeError: number;
    }
  /** No adapter, or none that runs every operator of the layers. */
  | {readonly code: 'WEBGPU_UNAVAILABLE'}
  /** The GPU gives other numbers than the CPU for the same layers and inputs. */
  | {readonly code: 'ENGINES_DISAGREE'; readonly relativeError: number}
  /** The engine is gone: make a new runner. */
  | {readonly code: 'ENGINE_LOST'};

export class EngineError extends WeftError<EngineErrorDetail> {
  override readonly name = 'EngineError';
}

/** Whether the engine would not run a step, and goes on. */
export function isRefusal(error: unknown): error is EngineError {
  return error instanceof EngineError && error.detail.code !== 'ENGINE_LOST';
}

/** A step that this shard cannot run, whatever its state. */
export function badStep(sentence: string): EngineError {
  return new EngineError({code: 'BAD_STEP'}, sentence);
}

/** Whatever the engine threw that it did not mean to: it cannot be trusted any longer. */
export function engineLost(reason: string, cause?: unknown): EngineError {
  return new EngineError({code: 'ENGINE_LOST'}, `The engine is gone: ${reason}`, {cause});
}

export function notFinite(range: LayerRange): EngineError {
  return new EngineError(
    {code: 'NOT_FINITE', range},
    `Layers ${range.startLayer} to ${range.endLayer} gave a value that is not finite`,
  );
}
