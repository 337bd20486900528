import {reportedHop} from '../../swarm/reported-hop.ts';
import {percentile} from './percentile.ts';
import type {NodeReport, Report, RequestReport} from './report.ts';
import type {
  HopSession,
  NodeObservation,
  Recovery,
  RequestRecord,
  RunRecord,
} from '../run/run-record.ts';

/** Puts what was seen into the form that is promised. Pure. */
export function buildReport(input: {
  readonly record: RunRecord;
  /** Ids of requests whose answer is not the right one. */
  readonly wrongRequestIds: ReadonlySet<number>;
  readonly withLogprobs: 'with' | 'without';
}): Report {
  const {record, wrongRequestIds, withLogprobs} = input;
  const sessions = sessionsById(record.nodes);
  const requests = record.requests.map((request): RequestReport => {
    const report = reportRequest(request, sessions, wrongRequestIds.has(request.id));
    return withLogprobs === 'with' ? {...report, topLogprobs: request.topLogprobs} : report;
  });
  return {
    beganAtUnixMs: record.beganAtUnixMs,
    summary: summarise(record, requests),
    requests,
    nodes: record.nodes.map(withoutSessions),
    events: record.events,
    tabEvents: record.tabEvents,
  };
}

function summarise(record: RunRecord, requests: readonly RequestReport[]): Report['summary'] {
  const firsts = requests.flatMap(({timeToFirstTokenMs}) => timeToFirstTokenMs ?? []);
  const gaps = record.requests.flatMap(gapsMs);
  const pauses = requests.flatMap(({recoveries}) => recoveries.map(({pauseMs}) => pauseMs));
  const completed = requests.filter(({error}) => error === null).length;
  return {
    requests: requests.length,
    completed,
    failed: requests.length - completed,
    wrong: requests.filter(({isWrong}) => isWrong).length,
    tokensPerSec: round(tokensPerSec(record.requests)),
    timeToFirstTokenMs: percentilesOf(firsts),
    interTokenMs: percentilesOf(gaps),
    takeoverMs: {p50: round(percentile(pauses, 50)), max: round(percentile(pauses, 100))},
    coverageMs: record.coverageMs === null ? null : round(record.coverageMs),
    predictionError: {
      hop: errorsOf(requests.flatMap(({prediction}) => prediction)),
      step: errorsOf(requests.flatMap(stepPrediction)),
    },
  };
}

function reportRequest(
  request: RequestRecord,
  sessions: ReadonlyMap<string, readonly HopSession[]>,
  isWrong: boolean,
): RequestReport {
  const {tokenAtMs, askedAtMs, sessionIds} = request;
  const gaps = gapsMs(request);
  const [firstMs] = tokenAtMs;
  return {
    id: request.id,
    prompt: request.prompt,
    promptTokenIds: request.promptTokenIds,
    text: request.text,
    tokenIds: request.tokenIds,
    finishReason: request.finishReason,
    timeToFirstTokenMs: firstMs === undefined ? null : round(firstMs - askedAtMs),
    interTokenMs: {p50: round(percentile(gaps, 50)), p95: round(percentile(gaps, 95))},
    chains: request.chains.map((chain) => chain.map(reportedHop)),
    recoveries: request.recoveries.map(roundRecovery),
    wireBytesPerTokenPerHop: wireBytesPerToken(sessionIds.flatMap((id) => sessions.get(id) ?? [])),
    predictedStepMs: request.predictedStepMs === null ? null : round(request.predictedStepMs),
    prediction: request.served.map(({node, predictedMs, observedMs, waitedMs}) => ({
      node,
      predictedMs: hundredth(predictedMs),
      observedMs: hundredth(observedMs),
      waitedMs: hundredth(waitedMs),
    })),
    error: request.error?.message ?? null,
    errorCode: request.error?.code ?? null,
    isWrong,
    client: request.client,
    askedAtMs: round(askedAtMs),
    endedAtMs: round(request.endedAtMs),
    tokenAtMs: tokenAtMs.map(round),
  };
}

function roundRecovery(recovery: Recovery): Recovery {
  const {pauseMs, detectMs, reopenMs, replayMs} = recovery;
  return {
    ...recovery,
    pauseMs: round(pauseMs),
    detectMs: round(detectMs),
    reopenMs: round(reopenMs),
    replayMs: round(replayMs),
  };
}

/** An answer of one token has no step to compare. */
function stepPrediction({predictedStepMs, interTokenMs, tokenIds}: RequestReport): readonly Pair[] {
  if (predictedStepMs === null || tokenIds.length < 2) return [];
  return [{predictedMs: predictedStepMs, observedMs: interTokenMs.p50}];
}

type Pair = {readonly predictedMs: number; readonly observedMs: number};

function errorsOf(pairs: readonly Pair[]): {readonly p50: number; readonly p95: number} | null {
  const errors = pairs
    .filter(({predictedMs}) => predictedMs > 0)
    .map(({predictedMs, observedMs}) => observedMs / predictedMs - 1);
  if (errors.length === 0) return null;
  return {p50: hundredth(percentile(errors, 50)), p95: hundredth(percentile(errors, 95))};
}

/** Over all hops that sent activations; of the prompt only when nothing was decoded after it. */
function wireBytesPerToken(hops: readonly HopSession[]): number {
  const decodeTokens = sum(hops.map((hop) => hop.decodeTokens));
  if (decodeTokens > 0) return round(sum(hops.map((hop) => hop.decodeBytes)) / decodeTokens);
  const prefillTokens = sum(hops.map((hop) => hop.prefillTokens));
  return prefillTokens === 0 ? 0 : round(sum(hops.map((hop) => hop.prefillBytes)) / prefillTokens);
}

function sessionsById(
  nodes: readonly NodeObservation[],
): ReadonlyMap<string, readonly HopSession[]> {
  return Map.groupBy(
    nodes.flatMap(({sessions}) => sessions),
    ({sessionId}) => sessionId,
  );
}

function gapsMs({tokenAtMs}: RequestRecord): readonly number[] {
  return tokenAtMs.slice(1).map((atMs, i) => atMs - (tokenAtMs[i] ?? atMs));
}

function tokensPerSec(requests: readonly RequestRecord[]): number {
  const times = requests.flatMap(({tokenAtMs}) => tokenAtMs);
  if (times.length === 0) return 0;
  const beginMs = requests.reduce(
    (first, {askedAtMs}) => Math.min(first, askedAtMs),
    Number.POSITIVE_INFINITY,
  );
  const endMs = times.reduce((last, atMs) => Math.max(last, atMs), 0);
  return endMs > beginMs ? (times.length * 1000) / (endMs - beginMs) : 0;
}

function percentilesOf(values: readonly number[]): {p50: number; p95: number; max: number} {
  const [p50 = 0, p95 = 0, max = 0] = [50, 95, 100].map((percent) =>
    round(percentile(values, percent)),
  );
  return {p50, p95, max};
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

/** To a tenth: the clocks behind these numbers are no better. */
function round(value: number): number {
  return Math.round(value * 10) / 10;
}

function hundredth(value: number): number {
  return Math.round(value * 100) / 100;
}

/** What a report says of a node; its sessions are in the requests. */
function withoutSessions({sessions: _sessions, ...node}: RunRecord['nodes'][number]): NodeReport {
  return node;
}
