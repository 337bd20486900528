import {setTimeout as wait} from 'node:timers/promises';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {prepareModel} from '../../tools/machine/model-file/prepare-model.ts';
import {askForAnswer, greedyRequest} from '../../swarm/ask.ts';
import {Swarm} from '../../swarm/start-swarm.ts';
import type {Soak} from './soak.ts';
import {log} from '../../swarm/test-log.ts';

const MINUTES = 65;
const LENDING_TABS = 3;
const LOAD_TIMEOUT_MS = 300_000;
/** Ends a question that hangs. */
const ASK_TIMEOUT_MS = 120_000;
const MINUTE_MS = 60_000;
const TOKENS = 16;

type Asked = {readonly atMinute: number; readonly tookMs: number; readonly error: string | null};

/**
 * Three tabs with the real model serve for longer than anything that is renewed
 * lives, and each minute somebody comes who has never been here, and asks.
 */
export const soakLongServe: Soak = async ({minutes}, {signal}) => {
  const model = await prepareModel({log, signal});
  const swarm = await Swarm.start({modelsDir: model.modelsDir, port: 0, webgpu: false, log});
  const asked: Asked[] = [];
  try {
    const maxLayers = Math.ceil(model.grid.layerCount / LENDING_TABS);
    for (let i = 0; i < LENDING_TABS; i += 1) {
      const tab = await swarm.openLendingTab(
        {engine: 'wasm', capacity: {kind: 'layers', maxLayers}},
        {model: model.id},
      );
      await tab.waitForLendState(['serving'], {timeoutMs: LOAD_TIMEOUT_MS});
    }
    const startedMs = performance.now();
    const count = minutes ?? MINUTES;
    for (let atMinute = 0; atMinute <= count; atMinute += 1) {
      await wait(startedMs + atMinute * MINUTE_MS - performance.now(), undefined, {signal});
      const outcome = await askAsNewcomer(swarm, model.id, signal);
      asked.push({atMinute, ...outcome});
      log(
        `minute ${atMinute}: ${outcome.error ?? 'answered'} after ${Math.round(outcome.tookMs)} ms`,
      );
    }
  } finally {
    await swarm.stop();
  }
  const failed = asked.filter(({error}) => error !== null);
  return {
    checks: [
      atLeast('minutes', asked.length - 1, minutes ?? MINUTES),
      atMost('newcomers without an answer', failed.length, 0),
    ],
    figures: {asked, slowestMs: Math.max(...asked.map(({tookMs}) => tookMs))},
  };
};

/** From the opening of the page to the end of the answer. */
async function askAsNewcomer(
  swarm: Swarm,
  model: string,
  signal: AbortSignal,
): Promise<Pick<Asked, 'tookMs' | 'error'>> {
  const startedMs = performance.now();
  const tab = await swarm.openTab({model});
  try {
    await askForAnswer(tab, greedyRequest('Name three colours.', {maxNewTokens: TOKENS}), {
      signal: AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT_MS)]),
    });
    return {tookMs: performance.now() - startedMs, error: null};
  } catch (error) {
    return {tookMs: performance.now() - startedMs, error: String(error)};
  } finally {
    await tab.close();
  }
}
