import {joinChecks} from '#shared/lab/virtual-swarm/checks.ts';
import {joinStorm} from '#shared/lab/virtual-swarm/scripts/membership-scripts.ts';
import {runVirtualSwarm} from '#shared/lab/virtual-swarm/run-virtual-swarm.ts';
import type {Soak} from '../soak.ts';

/** 1,024 tabs that join within a second, and see each other late or not at all. */
export const soakThousandJoins: Soak = ({seed}) => {
  const {answers, ...report} = runVirtualSwarm(joinStorm({seed, nodes: 1024, durationMs: 60_000}));
  return Promise.resolve({checks: joinChecks({...report, answers}, 1000), figures: report});
};
