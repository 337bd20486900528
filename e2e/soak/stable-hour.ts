import {joinChecks} from '#shared/testing/virtual-swarm/checks.ts';
import {joinStorm} from '#shared/testing/virtual-swarm/membership-scripts.ts';
import {runVirtualSwarm} from '#shared/testing/virtual-swarm/run-virtual-swarm.ts';
import type {Soak} from './soak.ts';

/** 200 tabs that join within a second and stay: after that nobody moves for an hour. */
export const soakStableHour: Soak = ({seed}) => {
  const {answers, ...report} = runVirtualSwarm(
    joinStorm({seed, nodes: 200, durationMs: 3_600_000, draw: {maxSkewMs: 200}}),
  );
  return Promise.resolve({checks: joinChecks({...report, answers}, 1000), figures: report});
};
