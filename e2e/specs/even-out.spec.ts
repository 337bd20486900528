import {expect, test} from '@playwright/test';
import {startTinySwarm, type TinySwarm} from '../swarm/start-tiny-swarm.ts';
import type {Tab} from '../swarm/tab.ts';

/** Two ranges make the model, and three tabs hold each. */
const LAYERS_PER_TAB = 15;
const TABS = 6;
/** A tab sees itself crowded for 30 s before it moves, and machines are busy. */
const EVEN_WITHIN_MS = 240_000;

let tiny: TinySwarm;

test.beforeAll(async () => {
  tiny = await startTinySwarm();
});

test.afterAll(async () => {
  await tiny.stop();
});

/** The first layer that a tab serves, and nothing else; `null` while it serves nothing. */
async function startOf(tab: Tab): Promise<number | null> {
  const state = await tab.lendState();
  return state.kind === 'serving' ? state.layers.startLayer : null;
}

async function startsOf(tabs: readonly Tab[]): Promise<readonly (number | null)[]> {
  const starts = await Promise.all(tabs.map(startOf));
  return starts.toSorted((a, b) => (a ?? -1) - (b ?? -1));
}

const inTheEnd = (tabs: readonly Tab[]) =>
  expect.poll(() => startsOf(tabs), {timeout: EVEN_WITHIN_MS});

test('[PL14] where two of three tabs close that hold the same layers, another moves there', async () => {
  const {swarm, model} = tiny;
  const capacity = {kind: 'layers', maxLayers: LAYERS_PER_TAB} as const;
  const opened = Array.from({length: TABS}, () =>
    swarm.openLendingTab({engine: 'stub', capacity}, {model: model.id}),
  );
  const tabs = await Promise.all(opened);
  await inTheEnd(tabs).toEqual([0, 0, 0, LAYERS_PER_TAB, LAYERS_PER_TAB, LAYERS_PER_TAB]);
  const starts = await Promise.all(tabs.map(startOf));
  const [first, second, last] = tabs.filter((_, at) => starts[at] === LAYERS_PER_TAB);
  await Promise.all([first?.close(), second?.close()]);
  const left = tabs.filter((tab) => tab !== first && tab !== second);
  await inTheEnd(left).toEqual([0, 0, LAYERS_PER_TAB, LAYERS_PER_TAB]);
  // The last replica of its layers stays where it is.
  expect(last === undefined ? null : await startOf(last)).toBe(LAYERS_PER_TAB);
});
