import {seededRandom} from '#shared/scheduling/seeded-choice.ts';
import {answerChecks, churnChecks} from '#shared/lab/virtual-swarm/checks.ts';
import {comingAndGoing} from '#shared/lab/virtual-swarm/scripts/membership-scripts.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import {steadyRequests} from '#shared/lab/virtual-swarm/scripts/steady-requests.ts';
import {summariseAnswers} from '#shared/lab/virtual-swarm/report/summarise-answers.ts';
import type {Soak} from '../soak.ts';

const HOUR_MS = 3_600_000;
const ANSWERS = 5000;
/** The last answers end before the run does. */
const QUIET_MS = 120_000;
const FIRST_MS = 60_000;

/**
 * 200 tabs that stay 10 minutes on average, for an hour of virtual time, with
 * late and lost records, skewed clocks and liars, while 5,000 answers are given.
 */
export const soakChurnHour: Soak = ({seed}) => {
  const asked = {
    count: ANSWERS,
    clients: 20,
    perSec: (1000 * ANSWERS) / (HOUR_MS - FIRST_MS - QUIET_MS),
    fromMs: FIRST_MS,
    promptTokens: 100,
    newTokens: 64,
  };
  const report = runVirtualSwarm({
    ...comingAndGoing({
      seed,
      nodes: 200,
      durationMs: HOUR_MS,
      meanLifeMs: 600_000,
      draw: {liarRate: 0.05, maxSkewMs: 200},
    }),
    requests: steadyRequests(asked, seededRandom(seed)),
  });
  const {answers, ...figures} = report;
  return Promise.resolve({
    checks: [...churnChecks(report), ...answerChecks(report)],
    figures: {...figures, answers: summariseAnswers(answers)},
  });
};
