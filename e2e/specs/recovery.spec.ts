import {tmpdir} from 'node:os';
import {expect, test} from '@playwright/test';
import {questionOf} from '../load/find-reference.ts';
import {measureScenario} from '../load/measure-scenario.ts';
import reference from '../reference/smollm2-greedy.json' with {type: 'json'};
import {
  coveringFaults,
  faultAt,
  pairedFaults,
  replacedFaults,
  scenarioOfMatrix,
} from '../load/scenario/fault-matrix.ts';
import {offerModel} from '../load/scenario/offer-model.ts';
import {parseScenario} from '../load/scenario/scenario.ts';
import {PATIENT} from '../load/testing/measure-tiny.ts';
import {log} from '../swarm/test-log.ts';
import {ANSWER_TOKENS, measureMatrix} from '../load/testing/measure-matrix.ts';

test('[RC1] [RC3] [SN5] whatever ends a tab, wherever and whenever, two at once, and whoever takes over: each answer goes on with the same text', async () => {
  const cells = [
    ...coveringFaults(),
    ...pairedFaults().slice(0, 1),
    ...replacedFaults().slice(4, 5),
  ];
  const {summary, requests, events} = await measureMatrix({
    cells,
    holders: 3,
    seed: 1,
    temperature: 0.8,
  });
  const {length: count} = cells;
  expect(summary).toMatchObject({requests: count, completed: count, failed: 0, wrong: 0});
  const struck = events.filter(({kind}) => kind === 'fault');
  expect(struck).toHaveLength(cells.flat().length);
  const held = events.filter(({kind}) => kind === 'held');
  expect(held.map(({chains}) => chains)).toEqual(cells.map(() => 3));
  for (const {id, tokenIds, chains, recoveries} of requests) {
    expect(tokenIds).toHaveLength(ANSWER_TOKENS);
    const lost = events.filter(({kind, request}) => kind === 'request-lost-hop' && request === id);
    const lastHops = chains.at(-1)?.map(({node}) => node);
    for (const {node} of lost) expect(lastHops).not.toContain(node);
    expect(lost.length).toBeGreaterThanOrEqual(recoveries.length);
    for (const {replayedTokens} of recoveries) expect(replayedTokens).toBeGreaterThan(0);
  }
});

test('[RC1] with the real model, a head that is killed, a tail that is closed and one whose engine crashes: the tokens of the reference', async () => {
  const item = reference.items.find(({id}) => id === 'open-02-howto');
  const prompt = {messages: item?.messages ?? []};
  const expected = item?.exact_f32.ids ?? [];
  const cells = [
    [faultAt('kill-tab', 0, 1), faultAt('crash-engine', 1, 8)],
    [faultAt('close-tab', 1)],
  ];
  const scenario = parseScenario({
    ...scenarioOfMatrix(cells, {
      seed: 1,
      requests: {prompts: [prompt], maxTokens: expected.length},
    }),
    ...PATIENT,
    model: 'smollm2-135m-instruct',
    tabs: [{count: 4, engine: 'wasm', maxLayers: 15}],
    waitForChains: 2,
  });
  const {signal} = new AbortController();
  const model = await offerModel(scenario, {folder: tmpdir(), log, signal});
  const answers = new Map([[questionOf(scenario, 0), expected]]);
  const {report, isGood} = await measureScenario({scenario, model, answers, signal, log});
  expect(report.summary).toMatchObject({requests: 2, completed: 2, failed: 0, wrong: 0});
  expect(isGood).toBe(true);
  for (const {tokenIds} of report.requests) expect(tokenIds).toEqual(expected);
  const struck = report.events.filter(({kind}) => kind === 'fault');
  expect(struck).toHaveLength(cells.flat().length);
});
