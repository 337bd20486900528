import {expect, test} from '@playwright/test';
import {toQuestion} from '../../load/reference/find-reference.ts';
import {measureScenario} from '../../load/measure-scenario.ts';
import {offerModel} from '../../load/scenario/offer-model.ts';
import {parseScenario} from '../../load/scenario/scenario.ts';
import {PATIENT} from '../../load/testing/measure-tiny.ts';
import {REFERENCE_CHATS} from '../../reference/reference-chats.ts';
import {log} from '../../swarm/test-log.ts';

const ANSWER_TOKENS = 40;

const killed = (stage: number, afterTokens: number) => ({
  kind: 'kill-tab',
  target: `stage:${stage}`,
  request: 0,
  afterTokens,
});

test('[RC6] an answer of the real model loses its head, its middle and its tail to SIGKILL, and has the tokens of exact arithmetic', async () => {
  test.setTimeout(720_000);
  // Of all chats, the one in which no two tokens are nearly as likely.
  const chat = REFERENCE_CHATS.find(({id}) => id === 'open-03-code');
  const prompt = {messages: chat?.messages ?? []};
  const tokenIds = chat?.exact_f32.ids.slice(0, ANSWER_TOKENS) ?? [];
  const scenario = parseScenario({
    ...PATIENT,
    model: 'smollm2-135m-instruct',
    tabs: [{count: 6, engine: 'wasm', maxLayers: 10}],
    waitForChains: 2,
    requests: {prompts: [prompt], maxTokens: ANSWER_TOKENS},
    faults: [killed(0, 4), killed(1, 14), killed(2, 26)],
  });
  const {signal} = new AbortController();
  const model = await offerModel(scenario, {folder: '', log, signal});
  const answers = new Map([[toQuestion(prompt), tokenIds]]);
  const {report} = await measureScenario({scenario, model, signal, log, answers});
  expect(report.summary).toMatchObject({requests: 1, completed: 1, failed: 0, wrong: 0});
  expect(report.events.filter(({kind}) => kind === 'fault')).toHaveLength(3);
  const [answer] = report.requests;
  expect(answer?.tokenIds).toEqual(tokenIds);
  expect(answer?.recoveries).toHaveLength(3);
});
