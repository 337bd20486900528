import {expect, test} from '@playwright/test';
import {beginAnswer, greedyRequest} from '../swarm/ask.ts';
import {startTinySwarm, type TinySwarm} from '../swarm/start-tiny-swarm.ts';

/** Lasts longer than any delay: nobody waits for its end. */
const LONG = greedyRequest('Who is there?', {maxNewTokens: 1_500});

let tiny: TinySwarm;

test.beforeAll(async () => {
  tiny = await startTinySwarm();
});

test.afterAll(async () => {
  await tiny.stop();
});

type Line = {readonly type: string; readonly event: string; readonly counts?: unknown};

/** What a console line says of the life of its tab; nothing else there is JSON. */
function eventsIn(line: string): readonly Line[] {
  const [, type = '', text = ''] = /^(\w+): (\{.*\})$/u.exec(line) ?? [];
  return text === '' ? [] : [{type, ...JSON.parse(text)}];
}

/** A tab that is in the middle of an answer. */
async function askAway() {
  const {swarm, model} = tiny;
  const tab = await swarm.openTab({model: model.id});
  return {tab, answer: await beginAnswer(tab, LONG)};
}

test('[TE5] the console of a tab tells its life in order, and nothing of what was asked', async () => {
  const {swarm, model} = tiny;
  const lines: Line[] = [];
  const onLog = (line: string) => void lines.push(...eventsIn(line));
  const heard = () => lines.map(({event}) => event);
  const hears = async (...events: string[]) =>
    expect.poll(heard).toEqual(expect.arrayContaining(events));

  const capacity = {kind: 'layers', maxLayers: model.grid.layerCount} as const;
  const tab = await swarm.openLendingTab({engine: 'stub', capacity}, {model: model.id, onLog});
  await hears('serving');
  await swarm.withoutServer(() => hears('directory-lost'));
  await hears('directory-back');
  const gone = await askAway();
  await gone.tab.close();
  await hears('links-lost', 'refused');
  const last = await askAway();
  const leaving = tab.stopLending();
  await hears('leaving');
  await last.answer.stop();
  await leaving;
  await hears('left');

  // Whether its link or the answer over it is missed first depends on the second in which they end.
  const events = heard();
  const losses = events.splice(6, 2);
  expect(new Set(losses)).toEqual(new Set(['links-lost', 'refused']));
  expect(events).toEqual([
    'joined',
    'claimed',
    'loading',
    'serving',
    'directory-lost',
    'directory-back',
    'leaving',
    'left',
  ]);
  expect(lines.find(({event}) => event === 'refused')?.counts).toEqual({PEER_LEFT: 1});
  const warned = lines.filter(({type}) => type === 'warning').map(({event}) => event);
  expect(warned).toEqual(['directory-lost', ...losses]);
  expect(JSON.stringify(lines)).not.toContain('Who is there?');
});
