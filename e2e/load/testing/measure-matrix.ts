import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {toQuestion} from '../reference/find-reference.ts';
import type {Report} from '../report/report.ts';
import {scenarioOfMatrix, STAGES, type MatrixCell} from '../scenario/fault-matrix.ts';
import type {RunScenarioOptions} from '../run/run-scenario.ts';
import {expectedStubAnswer} from './expected-stub-answer.ts';
import {measureTiny} from './measure-tiny.ts';
import {specOfGguf} from './spec-of-gguf.ts';

const LAYER_COUNT = 48;
const PROMPT_TOKENS = 512;
/** So many more than any fault waits for that hops, which do not wait for their reader, are not done before it. */
export const ANSWER_TOKENS = 120;
/** So slow that all of it takes longer than three others do for a step where a machine is busy. */
const SPARE_SLOWDOWN = 60;
/** With this seed a stub of the model says more than that to the prompt, which is several pieces long. */
const SAMPLING_SEED = 7;

/**
 * Asks stubs of a tiny model as often as there are cells, each time with the faults of one cell. What is
 * wrong is so by a stub that holds the whole model, without a swarm.
 *
 * @param input.holders how many tabs hold each layer; in place of more than two, one holds them all, and is
 *   so slow that it is asked when nobody else is left.
 */
export async function measureMatrix({
  cells,
  holders,
  seed,
  temperature,
  onLoadDone,
}: {
  readonly cells: readonly MatrixCell[];
  readonly holders: 2 | 3;
  readonly seed: number;
  readonly temperature: number;
  readonly onLoadDone?: RunScenarioOptions['onLoadDone'];
}): Promise<Report> {
  const shape = {layerCount: LAYER_COUNT, hiddenSize: 64, contextTokens: 1_024};
  const gguf = tinyGguf({seed: 1, shape});
  const promptTokenIds = Array.from({length: PROMPT_TOKENS}, (_, at) => 3 + ((at * 15) % 250));
  const prompt = {tokenIds: promptTokenIds};
  const sampling = {maxTokens: ANSWER_TOKENS, temperature, seed: SAMPLING_SEED};
  const spec = await specOfGguf(gguf);
  const answer = await expectedStubAnswer({...sampling, spec, promptTokenIds});
  const maxLayers = LAYER_COUNT / STAGES.length;
  const spare = {engine: 'stub', maxLayers: LAYER_COUNT, slowdown: SPARE_SLOWDOWN};
  const scenario = {
    ...scenarioOfMatrix(cells, {seed, requests: {prompts: [prompt], ...sampling}}),
    tabs: [
      {count: 2 * STAGES.length, engine: 'stub', maxLayers},
      ...(holders === 3 ? [spare] : []),
    ],
    waitForChains: holders,
    timeoutMs: 3_600_000,
  };
  const answers = new Map([[toQuestion(prompt), answer]]);
  const {report} = await measureTiny(gguf, scenario, {answers, ...(onLoadDone && {onLoadDone})});
  return report;
}
