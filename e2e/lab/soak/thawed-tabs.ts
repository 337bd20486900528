import {setTimeout as wait} from 'node:timers/promises';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {beginAnswer, greedyRequest} from '../../swarm/ask.ts';
import {startTinySwarm} from '../../swarm/start-tiny-swarm.ts';
import {askWithin} from './ask-within.ts';
import type {Soak} from './soak.ts';
import {log} from '../../swarm/test-log.ts';

const LENDING_TABS = 3;
const LOAD_TIMEOUT_MS = 120_000;
/** Shorter than a record lives, and longer than a server waits for a tab. */
const FROZEN_FOR_MS: readonly number[] = [8_000, 20_000, 40_000];
const SERVES_WITHIN_MS = 3_000;
const SHORT = greedyRequest('Who is there?', {maxNewTokens: 8});
/** Lasts longer than any of this. */
const LONG = greedyRequest('Who is there?', {maxNewTokens: 1_500});

/**
 * Of three tabs, each the only one that holds its layers, one is frozen in the middle of an answer
 * and goes on later: how long the next question waits for it.
 */
export const soakThawedTabs: Soak = async (_, {signal}) => {
  const {swarm, model, stop} = await startTinySwarm({delaysWasmTiering: false});
  try {
    const maxLayers = model.grid.layerCount / LENDING_TABS;
    const lend = {engine: 'stub', capacity: {kind: 'layers', maxLayers}} as const;
    const options = {model: model.id, timeoutMs: LOAD_TIMEOUT_MS};
    const lenders = await swarm.openServingTabs(LENDING_TABS, lend, options);
    for (const tab of lenders) await tab.findProcess();
    const client = await swarm.openTab({model: model.id});
    const right = await askWithin(client, SHORT, signal);
    let wrongCount = 0;
    const waitedMs: {frozenForMs: number; waitedMs: number}[] = [];
    for (const frozenForMs of FROZEN_FOR_MS) {
      for (const lender of lenders) {
        const answer = await beginAnswer(client, LONG);
        const thaw = await lender.freeze();
        await wait(frozenForMs, undefined, {signal});
        thaw();
        const thawedMs = performance.now();
        if ((await askWithin(client, SHORT, signal)) !== right) wrongCount += 1;
        waitedMs.push({frozenForMs, waitedMs: Math.round(performance.now() - thawedMs)});
        log(`frozen for ${frozenForMs} ms, then answered after ${waitedMs.at(-1)?.waitedMs} ms`);
        await answer.stop();
      }
    }
    return {
      checks: [
        atMost('answers after a thaw that are wrong', wrongCount, 0),
        atMost(
          'from a thaw to the end of a short answer, ms',
          Math.max(...waitedMs.map((each) => each.waitedMs)),
          SERVES_WITHIN_MS,
        ),
      ],
      figures: {waitedMs},
    };
  } finally {
    await stop();
  }
};
