import {describe, expect, test} from 'vitest';
import {buildReport} from './build-report.ts';
import type {RunRecord} from '../run/run-record.ts';
import {nodeObservation, requestRecord, runRecord} from '../testing/build-record.ts';

const report = (record: RunRecord, wrong: readonly number[] = []) =>
  buildReport({record, wrongRequestIds: new Set(wrong), withLogprobs: 'without'});

describe('a report', () => {
  test('[LR1] counts what was completed, what failed and what was wrong', () => {
    const error = {code: 'PEER_LEFT', message: 'the next hop left'};
    const requests = [
      requestRecord(),
      requestRecord({id: 1}),
      requestRecord({id: 2, error, finishReason: null}),
    ];
    const {summary, requests: reports} = report(runRecord({requests}), [1]);
    expect(summary).toMatchObject({requests: 3, completed: 2, failed: 1, wrong: 1});
    expect(reports.map(({isWrong}) => isWrong)).toEqual([false, true, false]);
    expect(reports[2]).toMatchObject({
      error: 'the next hop left',
      errorCode: 'PEER_LEFT',
      finishReason: null,
    });
  });

  test('[LR11] has what the tabs reported about their lives', () => {
    const heard = {atMs: 5, tab: 'lender-0', level: 'info', event: 'left'} as const;
    expect(report(runRecord({tabEvents: [heard]})).tabEvents).toEqual([heard]);
  });

  test('[LR2] percentiles are those of the measurements, by nearest rank', () => {
    const requests = Array.from({length: 20}, (_, i) =>
      requestRecord({id: i, askedAtMs: 100, tokenAtMs: [101 + i, 101 + i + 10 * (i + 1)]}),
    );
    const {summary} = report(runRecord({requests}));
    expect(summary.timeToFirstTokenMs).toEqual({p50: 10, p95: 19, max: 20});
    expect(summary.interTokenMs).toEqual({p50: 100, p95: 190, max: 200});
  });

  test('[LR3] tokens per second count from the first question to the last token', () => {
    const requests = [
      requestRecord({askedAtMs: 1000, tokenAtMs: [1500, 2000]}),
      requestRecord({id: 1, askedAtMs: 1200, tokenAtMs: [2500, 3000]}),
    ];
    expect(report(runRecord({requests})).summary.tokensPerSec).toBe(2);
  });

  test('[LR4] wire bytes are those that the hops of the request sent for decoded tokens', () => {
    const hop = {
      sessionId: 's',
      prefillTokens: 10,
      prefillBytes: 1308,
      decodeTokens: 4,
      decodeBytes: 624,
    };
    const nodes = [
      nodeObservation({sessions: [hop, {...hop, sessionId: 'other', decodeBytes: 9999}]}),
      nodeObservation({sessions: [{...hop, decodeBytes: 640}]}),
    ];
    const requests = [requestRecord({sessionIds: ['s']})];
    expect(report(runRecord({requests, nodes})).requests[0]?.wireBytesPerTokenPerHop).toBe(158);
  });

  test('[LR5] an answer of one token has the wire bytes of its prompt, one hop has none', () => {
    const hop = {
      sessionId: 's',
      prefillTokens: 10,
      prefillBytes: 1308,
      decodeTokens: 0,
      decodeBytes: 0,
    };
    const nodes = [nodeObservation({sessions: [hop]})];
    const requests = [
      requestRecord({sessionIds: ['s']}),
      requestRecord({id: 1, sessionIds: ['alone']}),
    ];
    const reports = report(runRecord({requests, nodes})).requests;
    expect(reports.map(({wireBytesPerTokenPerHop}) => wireBytesPerTokenPerHop)).toEqual([130.8, 0]);
  });

  test('[LR6] a run in which nothing came has a report of zeros and of what is missing', () => {
    const error = {code: 'LAYERS_MISSING', message: 'No tab holds layers 0–4'};
    const nothing = {tokenIds: [], tokenAtMs: [], text: '', finishReason: null, error} as const;
    const {summary, requests} = report(
      runRecord({requests: [requestRecord(nothing)], coverageMs: null}),
    );
    expect(summary).toMatchObject({
      completed: 0,
      tokensPerSec: 0,
      timeToFirstTokenMs: {max: 0},
      coverageMs: null,
    });
    expect(requests[0]?.timeToFirstTokenMs).toBeNull();
  });

  test('[LR7] the likeliest tokens are there when the scenario asks for them', () => {
    const record = runRecord({requests: [requestRecord({topLogprobs: [[{id: 2, logprob: -1}]]})]});
    const withThem = buildReport({record, wrongRequestIds: new Set(), withLogprobs: 'with'});
    expect(withThem.requests[0]?.topLogprobs).toEqual([[{id: 2, logprob: -1}]]);
    expect(report(record).requests[0]).not.toHaveProperty('topLogprobs');
  });

  test('[LR8] pauses in which another chain took over are summed up', () => {
    const recovery = {
      atToken: 1,
      cause: 'closed',
      pauseMs: 900,
      detectMs: 500,
      reopenMs: 300,
      replayMs: 100,
      replayedTokens: 4,
      replayedLayers: 10,
    };
    const recoveries = [recovery, {...recovery, pauseMs: 100}];
    expect(report(runRecord({requests: [requestRecord({recoveries})]})).summary.takeoverMs).toEqual(
      {p50: 100, max: 900},
    );
  });

  test('[LR9] what the hops took is beside what was predicted, and the errors are summed up', () => {
    const hop = {
      node: 'a',
      decodeSteps: 9,
      predictedMs: 10,
      observedMs: 12,
      waitedMs: 1.234,
      word: 'own' as const,
    };
    const requests = [
      requestRecord({
        predictedStepMs: 40,
        tokenAtMs: [0, 50],
        served: [hop, {...hop, node: 'b', observedMs: 9}],
      }),
      requestRecord({id: 1}),
    ];
    const {summary, requests: reports} = report(runRecord({requests}));
    expect(reports[0]?.predictedStepMs).toBe(40);
    expect(reports[0]?.prediction).toEqual([
      {node: 'a', predictedMs: 10, observedMs: 12, waitedMs: 1.23},
      {node: 'b', predictedMs: 10, observedMs: 9, waitedMs: 1.23},
    ]);
    expect(reports[1]?.prediction).toEqual([]);
    expect(summary.predictionError).toEqual({
      hop: {p50: -0.1, p95: 0.2},
      step: {p50: 0.25, p95: 0.25},
    });
    expect(report(runRecord({})).summary.predictionError).toEqual({hop: null, step: null});
  });
});
