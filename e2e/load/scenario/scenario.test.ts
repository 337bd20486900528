import {expect, test} from 'vitest';
import {parseScenario, promptOf, requestCountOf} from './scenario.ts';

const MINIMAL = {model: 'm', tabs: [{}], requests: {prompts: ['Hi']}};

function problemsOf(value: unknown): string {
  try {
    parseScenario(value);
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
  throw new Error('The scenario was accepted');
}

test('[SN1] the example of the format is read, but for what is not there yet', () => {
  const scenario = parseScenario(
    JSON.parse(`
    {"model": "smollm2-135m-instruct", "seed": 7, "timeoutMs": 300000,
     "tabs": [{"count": 3, "engine": "wasm", "maxLayers": 10, "joinAtMs": 0, "slowdown": 1}],
     "waitForChains": 1,
     "requests": {"prompts": ["What is the capital of France?"], "count": 20, "clients": 2,
                  "arrival": "poisson", "perSec": 2, "maxTokens": 32, "temperature": 0, "seed": 1},
     "faults": [{"kind": "close-tab", "target": "stage:1", "request": 0, "afterTokens": 8},
                {"kind": "freeze-tab", "target": "stage:0", "atMs": 9000, "forMs": 20000},
                {"kind": "crash-engine", "target": "random", "atMs": 9000},
                {"kind": "kill-server", "atMs": 12000, "forMs": 10000}],
     "network": {"delayMs": 25, "lossPercent": 0, "rateBytesPerSec": null}}`),
  );
  expect(scenario.faults[0]?.target).toEqual({kind: 'stage', stage: 1});
  expect(scenario.faults[1]?.forMs).toBe(20_000);
  expect(scenario.faults[2]?.target).toEqual({kind: 'random'});
  expect(scenario.faults[3]?.target).toEqual({kind: 'server'});
  expect(scenario.network).toEqual({delayMs: 25, lossPercent: 0, rateBytesPerSec: null});
  expect(requestCountOf(scenario)).toBe(20);
  expect(scenario.coverageTimeoutMs).toBe(60_000);
});

test('[SN2] prompts are asked in turns, each as often as the others', () => {
  const prompts = ['a', {messages: [{role: 'user', content: 'b'}]}, {tokenIds: [1, 2]}];
  const scenario = parseScenario({...MINIMAL, requests: {prompts, count: 6}});
  expect([0, 1, 2, 3, 4, 5].map((id) => promptOf(scenario, id))).toEqual([...prompts, ...prompts]);
});

test.each<[string, unknown, RegExp]>([
  ['no model', {tabs: [{}], requests: {prompts: ['Hi']}}, /- model: it is missing/u],
  ['a misspelt field', {...MINIMAL, waitForChain: 1}, /waitForChain/u],
  [
    'an unknown engine',
    {...MINIMAL, tabs: [{engine: 'cuda'}]},
    /tabs\.0\.engine: "cuda" is none of wasm, webgpu, stub/u,
  ],
  ['two capacities', {...MINIMAL, tabs: [{maxLayers: 3, memoryMiB: 9}]}, /tabs\.0\.memoryMiB/u],
  ['a slowed real engine', {...MINIMAL, tabs: [{slowdown: 2}]}, /tabs\.0\.slowdown: only stub/u],
  [
    'arrivals without a rate',
    {...MINIMAL, requests: {prompts: ['Hi'], arrival: 'poisson'}},
    /requests\.perSec/u,
  ],
  ['an empty prompt', {...MINIMAL, requests: {prompts: [{tokenIds: []}]}}, /requests\.prompts\.0/u],
  [
    'a fault to come',
    {...MINIMAL, faults: [{kind: 'corrupt-tab', target: 'random', atMs: 1}]},
    /faults\.0\.kind: "corrupt-tab" is not supported yet: close-tab, kill-tab, crash-engine, freeze-tab, slow-tab, cut-link, kill-server/u,
  ],
  [
    'a target nobody knows',
    {...MINIMAL, faults: [{kind: 'close-tab', target: 'head', atMs: 1}]},
    /faults\.0\.target: expected "stage:N"/u,
  ],
  [
    'a fault without a time',
    {...MINIMAL, faults: [{kind: 'close-tab', target: 'tab:0'}]},
    /faults\.0\.atMs: say when/u,
  ],
  [
    'a fault with two times',
    {
      ...MINIMAL,
      faults: [{kind: 'close-tab', target: 'tab:0', atMs: 1, request: 0, afterTokens: 1}],
    },
    /faults\.0\.afterTokens/u,
  ],
  [
    'a freeze without an end',
    {...MINIMAL, faults: [{kind: 'freeze-tab', target: 'tab:0', atMs: 1}]},
    /faults\.0\.forMs: freeze-tab says how long/u,
  ],
  [
    'an end of what lasts',
    {...MINIMAL, faults: [{kind: 'close-tab', target: 'tab:0', atMs: 1, forMs: 1}]},
    /faults\.0\.forMs: freeze-tab says how long, cut-link and kill-server may, and no other/u,
  ],
  [
    'a server at a stage',
    {...MINIMAL, faults: [{kind: 'kill-server', target: 'stage:0', atMs: 1}]},
    /faults\.0\.target: every fault names its target, but for kill-server/u,
  ],
  [
    'a fault without a target',
    {...MINIMAL, faults: [{kind: 'close-tab', atMs: 1}]},
    /faults\.0\.target: every fault names its target/u,
  ],
  [
    'a request that is not asked',
    {...MINIMAL, faults: [{kind: 'close-tab', target: 'tab:0', request: 1}]},
    /faults\.0\.request: there are 1 requests/u,
  ],
  [
    'a tab that is not there',
    {...MINIMAL, faults: [{kind: 'close-tab', target: 'tab:1', request: 0}]},
    /faults\.0\.target: there are 1 tabs/u,
  ],
  [
    'a tab as slow as nobody knows',
    {...MINIMAL, faults: [{kind: 'slow-tab', target: 'tab:0', atMs: 1}]},
    /faults\.0\.factor: slow-tab says how many times/u,
  ],
  [
    'a link of no stage',
    {...MINIMAL, faults: [{kind: 'cut-link', target: 'tab:0', atMs: 1}]},
    /faults\.0\.target: say "stage:N"/u,
  ],
  ['more loss than packets', {...MINIMAL, network: {lossPercent: 101}}, /network\.lossPercent/u],
  ['no rate at all', {...MINIMAL, network: {rateBytesPerSec: 0}}, /network\.rateBytesPerSec/u],
  [
    'a fault that counts tokens and recoveries',
    {
      ...MINIMAL,
      faults: [
        {kind: 'close-tab', target: 'tab:0', request: 0, afterTokens: 1, afterRecoveries: 1},
      ],
    },
    /faults\.0\.afterRecoveries: goes with request, and in place of afterTokens/u,
  ],
  [
    'an outside reference that had to draw',
    {...MINIMAL, reference: 'outside', requests: {prompts: ['Hi'], temperature: 1}},
    /reference: the outside reference gives the likeliest tokens: the temperature has to be 0/u,
  ],
  [
    'an outside reference of tabs without weights',
    {...MINIMAL, reference: 'outside', tabs: [{engine: 'stub'}]},
    /reference: the outside reference computes the model, which stub tabs do not/u,
  ],
  [
    'tabs to replace while requests overlap',
    {...MINIMAL, replaceTabs: true, requests: {prompts: ['Hi'], arrival: 'all'}},
    /replaceTabs: requests wait for the tabs that replace others: their arrival must be sequential/u,
  ],
])('[SN3] a scenario with %s is refused by the name of the field', (_, value, expected) => {
  expect(problemsOf(value)).toMatch(expected);
});

test('[SN4] all faults are reported at once', () => {
  const problems = problemsOf({...MINIMAL, tabs: [{count: 0}], requests: {prompts: []}});
  expect(problems).toMatch(/tabs\.0\.count/u);
  expect(problems).toMatch(/requests\.prompts/u);
});
