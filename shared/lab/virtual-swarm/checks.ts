import {RECORD_REFRESH_MS} from '#shared/protocol/node-record.ts';
import {summariseAnswers} from './report/summarise-answers.ts';
import type {SwarmReport} from './swarm-report.ts';

/** One statement about a run, and whether it holds. */
export type Check = {
  readonly says: string;
  readonly value: number;
  readonly limit: number;
  readonly holds: boolean;
};

export function atMost(says: string, value: number, limit: number): Check {
  return {says, value, limit, holds: value <= limit};
}

export function atLeast(says: string, value: number, limit: number): Check {
  return {says, value, limit, holds: value >= limit};
}

/** What holds however many join at once: everybody has a place soon, and keeps it. */
export function joinChecks(report: SwarmReport, joinWithinMs: number): readonly Check[] {
  const settledMs = joinWithinMs + 3 * RECORD_REFRESH_MS;
  return [
    atMost('settled within three record periods, ms', report.lastChangeMs, settledMs),
    atLeast('share of the time that all layers are served', report.coveredShare, 1),
    atMost('moves', report.moves, 0),
    atMost('loads given up by the node that gave up most', report.mostAbandonedLoads, 1),
    ...alwaysChecks(report),
  ];
}

/** What holds while tabs come and go. */
export function churnChecks(report: SwarmReport): readonly Check[] {
  const {reloadedLayers, departedLayers} = report;
  return [
    atLeast('share of the time that all layers are served', report.coveredShare, 0.999),
    atMost('layers loaded again, all departures together', reloadedLayers, 1.1 * departedLayers),
    ...alwaysChecks(report),
  ];
}

/** What holds of equal tabs, for each of which several ranges would do. */
export function evenChecks(report: SwarmReport): readonly Check[] {
  const spread = Math.max(...report.replicas) - Math.min(...report.replicas);
  return [
    atMost('replicas of the most served layer beyond those of the least', spread, 1),
    atMost('moves of the tab that moved most', report.mostMoves, 1),
    ...alwaysChecks(report),
  ];
}

/** What holds for all who ask. */
export function answerChecks(report: SwarmReport): readonly Check[] {
  const {asked, done, bugs} = summariseAnswers(report.answers);
  return [
    atLeast('answers given', done, asked),
    atMost('answers with a wrong token', report.wrong, 0),
    atMost('refusals that no honest peer gives another', bugs, 0),
    atMost('sessions left open', report.openSessions, 0),
  ];
}

/** What holds where every answer loses hops. */
export function brokenChainChecks(report: SwarmReport): readonly Check[] {
  return [
    atLeast('faults, of each answer one or two', report.faults, report.answers.length),
    ...answerChecks(report),
  ];
}

function alwaysChecks(report: SwarmReport): readonly Check[] {
  return [
    atMost('layers that lost their last replica by a move', report.uncoveredByMove, 0),
    atMost('records seen a second after their end', report.ghosts, 0),
  ];
}

/** The statements that do not hold. */
export function broken(checks: readonly Check[]): readonly Check[] {
  return checks.filter(({holds}) => !holds);
}
