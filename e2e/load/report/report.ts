import type {TokenLogprob} from '#shared/client/chat/chat-service.ts';
import type {ReportedHop} from '../../swarm/reported-hop.ts';
import type {HeardTabEvent, NodeObservation, Recovery, RunEvent} from '../run/run-record.ts';

/** `report.json`: a contract with readers outside this repository. Fields are added, never renamed or dropped. */
export type Report = {
  /** Unix time of the beginning of the run, from which all other times count. */
  readonly beganAtUnixMs: number;
  readonly summary: {
    readonly requests: number;
    readonly completed: number;
    readonly failed: number;
    /** Answers whose tokens differ from the same request in an undisturbed run. */
    readonly wrong: number;
    /** Of all answers together, from the first question to the last token. */
    readonly tokensPerSec: number;
    /** Percentiles are 0 where nothing was measured. */
    readonly timeToFirstTokenMs: {readonly p50: number; readonly p95: number; readonly max: number};
    readonly interTokenMs: {readonly p50: number; readonly p95: number; readonly max: number};
    readonly takeoverMs: {readonly p50: number; readonly max: number};
    /** From the start of the run until enough chains were there; `null`: they never were. */
    readonly coverageMs: number | null;
    /** Observed ÷ predicted − 1; `null` where no hop reported its times. */
    readonly predictionError: {
      /** Of one decode step in one hop, without waiting: over all hops of all answers. */
      readonly hop: {readonly p50: number; readonly p95: number} | null;
      /** Of the time between two tokens, waiting included: over all answers. */
      readonly step: {readonly p50: number; readonly p95: number} | null;
    };
  };
  readonly requests: readonly RequestReport[];
  readonly nodes: readonly NodeReport[];
  readonly events: readonly RunEvent[];
  /** What tabs reported about their own lives, in the order of arrival. */
  readonly tabEvents: readonly HeardTabEvent[];
};

export type RequestReport = {
  readonly id: number;
  readonly prompt: string;
  readonly promptTokenIds: readonly number[];
  readonly text: string;
  readonly tokenIds: readonly number[];
  /** `null` when the answer was not completed. */
  readonly finishReason: 'stop' | 'length' | null;
  /** `null` when no token came. */
  readonly timeToFirstTokenMs: number | null;
  readonly interTokenMs: {readonly p50: number; readonly p95: number};
  readonly chains: readonly (readonly ReportedHop[])[];
  readonly recoveries: readonly Recovery[];
  /** Activation and frame header, as the hops sent them for each decoded token; 0 when there was one hop. */
  readonly wireBytesPerTokenPerHop: number;
  /** Of the last chain, when it was chosen: one decode step in an idle swarm. */
  readonly predictedStepMs: number | null;
  /** One decode step in each hop: as predicted when the chain was chosen, and as the hop says. */
  readonly prediction: readonly HopPrediction[];
  readonly error: string | null;
  readonly errorCode: string | null;
  readonly isWrong: boolean;
  readonly client: number;
  readonly askedAtMs: number;
  readonly endedAtMs: number;
  readonly tokenAtMs: readonly number[];
  /** Where the scenario asks for `logprobs`: for each token the likeliest, best first. */
  readonly topLogprobs?: readonly (readonly TokenLogprob[])[];
};

export type HopPrediction = {
  readonly node: string;
  readonly predictedMs: number;
  /** Median, without waiting. */
  readonly observedMs: number;
  /** Median of what a step waited for other answers. */
  readonly waitedMs: number;
};

export type NodeReport = Omit<NodeObservation, 'sessions'>;
