import type {SessionId} from '#shared/base/ids.ts';
import type {GoldenVectors} from '#shared/model/golden/golden-vectors.ts';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import type {ShardShape} from '#shared/model/manifest/shard-tensors.ts';
import type {EngineClass} from '../engine-class.ts';
import type {EngineErrorDetail} from '../engine-error.ts';
import type {OrtBuild} from '../ort/import-ort.ts';
import type {LoadProgress} from '../load-progress.ts';
import type {ShardSpeed} from '../proof/measure-shard.ts';
import type {ShardMemory} from '../shard-memory.ts';
import type {ShardOutput, ShardStep} from '../shard-runner.ts';

/** What a shard runs on. */
export type EngineChoice =
  | {
      readonly kind: 'wasm';
      /** Of the CPU; one where the page is not isolated. */
      readonly threadCount: number;
      /** Whose build of onnxruntime runs it: by default its own, which is smaller than a GPU's. */
      readonly build?: OrtBuild;
    }
  | {readonly kind: 'webgpu'};

/** What to load: plain data, so that it can cross to the worker. */
export type ShardPlan = {
  readonly engine: EngineChoice;
  readonly manifest: Manifest;
  /** What the shard must compute; `null`: nobody knows. */
  readonly golden: GoldenVectors | null;
  readonly shape: ShardShape;
  /** Absolute. Must answer range requests. */
  readonly weightsUrl: string;
  readonly kvBudgetBytes: number;
  /** Whether weights stay on this device. */
  readonly keepsWeights: boolean;
};

/** A shard that is loaded and proven. */
export type MeasuredShard = ShardSpeed & {
  readonly engineClass: EngineClass;
  /** Of the CPU, while a step runs. */
  readonly threadCount: number;
  /** {@link ShardRunner.mostSessions} */
  readonly mostSessions: number;
};

/** One call to the engine worker. `load` comes first, once. */
export type EngineCall =
  | {readonly kind: 'load'; readonly plan: ShardPlan}
  | {readonly kind: 'open-session'; readonly sessionId: SessionId; readonly kvTokens: number}
  | {readonly kind: 'run'; readonly steps: readonly ShardStep[]}
  | {readonly kind: 'truncate'; readonly sessionId: SessionId; readonly position: number}
  | {readonly kind: 'close-session'; readonly sessionId: SessionId};

export type EngineRequest = {readonly callId: number; readonly call: EngineCall};

/** A result of a step as plain data: an error does not cross whole. */
export type PlainStepResult =
  | {readonly kind: 'ran'; readonly output: ShardOutput}
  | {readonly kind: 'refused'; readonly detail: EngineErrorDetail; readonly message: string};

export type EngineResult =
  | {readonly kind: 'loaded'; readonly measured: MeasuredShard}
  | {readonly kind: 'ran'; readonly results: readonly PlainStepResult[]}
  | {readonly kind: 'truncated'; readonly position: number}
  | {readonly kind: 'done'};

export type EngineReply =
  | {readonly kind: 'progress'; readonly progress: LoadProgress}
  /** The engine died by itself: no call will be answered. */
  | {readonly kind: 'lost'; readonly reason: string}
  | {
      readonly kind: 'result';
      readonly callId: number;
      readonly result: EngineResult;
      readonly memory: ShardMemory;
    }
  | {
      readonly kind: 'failed';
      readonly callId: number;
      readonly detail: EngineErrorDetail;
      readonly message: string;
    };
