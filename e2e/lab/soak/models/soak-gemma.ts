/// <reference types="node" />
import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {measureScenario} from '../../../load/measure-scenario.ts';
import {offerModel} from '../../../load/scenario/offer-model.ts';
import {parseScenario} from '../../../load/scenario/scenario.ts';
import {log} from '../../../swarm/test-log.ts';
import {buildSite} from '../../../tools/machine/build-site.ts';
import type {Soak} from '../soak.ts';
import {fetchGemma} from './fetch-gemma.ts';

const BOS = 2;
/** Of the 262,144 tokens any will do: what is compared is numbers, not sense. */
const PROMPTS = [1_009, 7_919, 50_021].map((stride) => [
  BOS,
  ...Array.from({length: 23}, (_, at) => 5_000 + ((at * stride) % 200_000)),
]);
const TABS = 3;
const LAYERS_PER_TAB = 6;

/** A usual download, Gemma 3 270M in Q4_K_M, over three real tabs, against the outside reference. */
export const soakGemma: Soak = async ({reportDir}, {signal}) => {
  const folder = join(reportDir, 'gemma');
  await mkdir(folder, {recursive: true});
  const scenario = parseScenario({
    model: await fetchGemma(folder, {log, signal}),
    timeoutMs: 1_200_000,
    coverageTimeoutMs: 900_000,
    tabs: [{count: TABS, engine: 'wasm', maxLayers: LAYERS_PER_TAB}],
    requests: {prompts: PROMPTS.map((tokenIds) => ({tokenIds})), maxTokens: 24},
    reference: 'outside',
  });
  await buildSite({log});
  const model = await offerModel(scenario, {folder, log, signal});
  const {report} = await measureScenario({scenario, model, signal, log});
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const {summary, requests} = report;
  const hops = requests.map(({chains}) => chains.at(-1)?.length ?? 0);
  return {
    checks: [
      atLeast('answers given', summary.completed, PROMPTS.length),
      atLeast('tabs of the shortest chain', Math.min(...hops), TABS),
      atMost(
        'answers with a token that is not the likeliest to the outside reference',
        summary.wrong,
        0,
      ),
    ],
    figures: {...summary, tokenIds: requests.map(({tokenIds}) => tokenIds)},
  };
};
