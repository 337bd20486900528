import type {NodeObservation, RequestRecord, RunRecord} from '../run/run-record.ts';

/** A request that was answered; a test names only what it is about. */
export function requestRecord(overrides: Partial<RequestRecord> = {}): RequestRecord {
  return {
    id: 0,
    prompt: 'Hi',
    client: 0,
    askedAtMs: 0,
    endedAtMs: 100,
    promptTokenIds: [1],
    text: 'ab',
    tokenIds: [2, 3],
    tokenAtMs: [50, 100],
    topLogprobs: [[], []],
    finishReason: 'length',
    chains: [],
    recoveries: [],
    sessionIds: [],
    predictedStepMs: null,
    served: [],
    error: null,
    ...overrides,
  };
}

export function nodeObservation(overrides: Partial<NodeObservation> = {}): NodeObservation {
  return {
    id: 'node',
    tab: 0,
    engine: 'stub',
    startLayer: 0,
    endLayer: 4,
    joinedMs: 1,
    servingMs: 2,
    servedTokens: 0,
    bytesSent: 0,
    bytesReceived: 0,
    loadedLayers: 4,
    sessions: [],
    ...overrides,
  };
}

export function runRecord(overrides: Partial<RunRecord> = {}): RunRecord {
  return {
    beganAtUnixMs: 0,
    requests: [],
    nodes: [],
    events: [],
    tabEvents: [],
    coverageMs: 10,
    ...overrides,
  };
}
