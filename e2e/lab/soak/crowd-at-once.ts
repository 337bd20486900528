import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {percentile} from '../../load/report/percentile.ts';
import {runCrowd, type CrowdOutcome} from '../../load/run-crowd.ts';
import {prepareModel} from '../../tools/machine/model-file/prepare-model.ts';
import {Swarm} from '../../swarm/start-swarm.ts';
import type {Soak} from './soak.ts';
import {log} from '../../swarm/test-log.ts';

const RUNS = 20;
const LENDING_TABS = 12;
/** Ends a question that hangs. */
const RUN_TIMEOUT_MS = 180_000;

/** A crowd that arrives in the same moment, twenty times in a row: every question is answered. */
export const soakCrowdAtOnce: Soak = async ({seed}, {signal}) => {
  const model = await prepareModel({log, signal});
  const outcomes: CrowdOutcome[] = [];
  for (let run = 0; run < RUNS; run += 1) {
    signal.throwIfAborted();
    const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
    try {
      const outcome = await runCrowd(swarm, {
        model: model.id,
        tabs: LENDING_TABS,
        seed: seed + run,
        signal: AbortSignal.any([signal, AbortSignal.timeout(RUN_TIMEOUT_MS)]),
      });
      outcomes.push(outcome);
      log(`run ${run}: ${outcome.failed.length} failed; ${outcome.left.join(', ')}`);
    } finally {
      await swarm.stop();
    }
  }
  const failed = outcomes.flatMap((outcome) => outcome.failed);
  const left = outcomes.flatMap((outcome) => outcome.left);
  const spread = Math.max(...outcomes.map((outcome) => outcome.spread));
  const firstTokenMs = outcomes.flatMap((outcome) => outcome.firstTokenMs);
  return {
    checks: [
      atMost('questions without an answer', failed.length, 0),
      atMost('tabs that do not serve or are not known in the end', left.length, 0),
      atMost('tabs by which the holders of any two layers differ', spread, 1),
    ],
    figures: {
      runs: outcomes.length,
      asked: outcomes.reduce((sum, {askedCount}) => sum + askedCount, 0),
      firstTokenMs: {p50: percentile(firstTokenMs, 50), max: Math.max(...firstTokenMs)},
      failed,
      left,
    },
  };
};
