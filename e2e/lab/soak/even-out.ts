import {setTimeout as wait} from 'node:timers/promises';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {startTinySwarm} from '../../swarm/start-tiny-swarm.ts';
import type {Tab} from '../../swarm/tab.ts';
import type {Soak} from './soak.ts';

/** Two ranges make the model, and three tabs hold each. */
const LAYERS_PER_TAB = 15;
const TABS = 6;
/** A tab sees itself crowded for 30 s before it moves, and machines are busy. */
const EVEN_WITHIN_MS = 240_000;
const LOOK_EVERY_MS = 500;

/** Where two of three tabs close that hold the same layers, another moves there, and the last one stays (PL14). */
export const soakEvenOut: Soak = async (_, {signal}) => {
  const {swarm, model, stop} = await startTinySwarm({delaysWasmTiering: false});
  try {
    const capacity = {kind: 'layers', maxLayers: LAYERS_PER_TAB} as const;
    const opened = Array.from({length: TABS}, () =>
      swarm.openLendingTab({engine: 'stub', capacity}, {model: model.id}),
    );
    const tabs = await Promise.all(opened);
    const joined = await unevenTabs(tabs, [3, 3], signal);
    const starts = await Promise.all(tabs.map(startOf));
    const [first, second, last] = tabs.filter((_tab, at) => starts[at] === LAYERS_PER_TAB);
    await Promise.all([first?.close(), second?.close()]);
    const left = tabs.filter((tab) => tab !== first && tab !== second);
    const evenedOut = await unevenTabs(left, [2, 2], signal);
    const hasMoved = last === undefined || (await startOf(last)) !== LAYERS_PER_TAB;
    return {
      checks: [
        atMost('tabs that join and hold what others hold more often', joined, 0),
        atMost('tabs beyond an even share after two have closed', evenedOut, 0),
        atMost('last replicas that moved', Number(hasMoved), 0),
      ],
      figures: {tabs: TABS},
    };
  } finally {
    await stop();
  }
};

/** The first layer that a tab serves; `null` while it serves nothing. */
async function startOf(tab: Tab): Promise<number | null> {
  const state = await tab.lendState();
  return state.kind === 'serving' ? state.layers.startLayer : null;
}

/** How many tabs are missing from either range, once none is or after a while. */
async function unevenTabs(
  tabs: readonly Tab[],
  wanted: readonly [number, number],
  signal: AbortSignal,
): Promise<number> {
  const untilMs = performance.now() + EVEN_WITHIN_MS;
  for (;;) {
    const starts = await Promise.all(tabs.map(startOf));
    const missing = [0, LAYERS_PER_TAB].map(
      (startLayer, at) => (wanted[at] ?? 0) - starts.filter((each) => each === startLayer).length,
    );
    const uneven = missing.reduce((sum, each) => sum + Math.abs(each), 0);
    if (uneven === 0 || performance.now() > untilMs) return uneven;
    await wait(LOOK_EVERY_MS, undefined, {signal});
  }
}
