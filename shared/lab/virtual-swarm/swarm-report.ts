import type {AnswerReport} from './report/answer-report.ts';

/** What a run showed. */
export type SwarmReport = {
  /** From the first complete coverage on, the part of the time with complete coverage. */
  coveredShare: number;
  firstCoveredMs: number;
  joins: number;
  departures: number;
  /** Layers that departing nodes served. */
  departedLayers: number;
  /** Layers loaded by nodes that served others before. */
  reloadedLayers: number;
  /** Layers loaded in all. */
  loadedLayers: number;
  /** Changes of what a node served already: in all, and by the node that moved most. */
  moves: number;
  mostMoves: number;
  claims: number;
  /** Loads begun and given up: in all, and by the node that gave up most. */
  abandonedLoads: number;
  mostAbandonedLoads: number;
  /** The last time that anybody began to serve other layers. */
  lastChangeMs: number;
  /** Records of the gone that a snapshot still held a second after they expired. */
  ghosts: number;
  /** Cells that lost their last replica because its holder moved. */
  uncoveredByMove: number;
  /** The same, where the other replica had gone without a sign and its record was still fresh. */
  uncoveredUnknowingly: number;
  /** How many served each layer at the end. */
  replicas: readonly number[];
  /** Records that no reader takes. */
  refusedRecords: number;
  /** Sessions that nodes hold at the end. */
  openSessions: number;
  /** Faults of the script that happened. */
  faults: number;
  /** Answers with a token that one undisturbed engine would not have given. */
  wrong: number;
  answers: readonly AnswerReport[];
};

export function emptyReport(): SwarmReport {
  return {
    coveredShare: 0,
    firstCoveredMs: Infinity,
    joins: 0,
    departures: 0,
    departedLayers: 0,
    reloadedLayers: 0,
    loadedLayers: 0,
    moves: 0,
    mostMoves: 0,
    claims: 0,
    abandonedLoads: 0,
    mostAbandonedLoads: 0,
    lastChangeMs: 0,
    ghosts: 0,
    uncoveredByMove: 0,
    uncoveredUnknowingly: 0,
    replicas: [],
    refusedRecords: 0,
    openSessions: 0,
    faults: 0,
    wrong: 0,
    answers: [],
  };
}
