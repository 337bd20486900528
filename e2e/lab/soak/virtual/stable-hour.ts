import {joinChecks} from '#shared/lab/virtual-swarm/checks.ts';
import {joinStorm} from '#shared/lab/virtual-swarm/scripts/membership-scripts.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import type {Soak} from '../soak.ts';

/** 200 tabs that join within a second and stay: after that nobody moves for an hour. */
export const soakStableHour: Soak = ({seed}) => {
  const {answers, ...report} = runVirtualSwarm(
    joinStorm({seed, nodes: 200, durationMs: 3_600_000, draw: {maxSkewMs: 200}}),
  );
  return Promise.resolve({checks: joinChecks({...report, answers}, 1000), figures: report});
};
