/// <reference types="node" />
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {measureScenario} from '../../load/measure-scenario.ts';
import {offerModel} from '../../load/scenario/offer-model.ts';
import {parseScenario} from '../../load/scenario/scenario.ts';
import {
  bytesNotAsSeen,
  chainsNotAsServed,
  observeWhenQuiet,
  type ObservedTabs,
} from '../../load/testing/observed-swarm.ts';
import {wrongStubAnswers} from '../../load/testing/wrong-stub-answers.ts';
import {buildSite} from '../../tools/machine/build-site.ts';
import {prepareModel} from '../../tools/machine/model-file/prepare-model.ts';
import {log} from '../../swarm/test-log.ts';
import type {Soak} from './soak.ts';

const SCENARIO = new URL('many-tabs.json', import.meta.url);

/** Real tabs, real WebRTC, many of each: the scenario `many-tabs.json`. */
export const soakManyTabs: Soak = async ({reportDir}, {signal}) => {
  const scenario = parseScenario(JSON.parse(await readFile(SCENARIO, 'utf8')));
  const folder = join(reportDir, 'many-tabs');
  await mkdir(folder, {recursive: true});
  await buildSite({log});
  const model = await offerModel(scenario, {folder, log, signal});
  let observed: ObservedTabs = new Map();
  const {report} = await measureScenario({
    scenario,
    model,
    signal,
    log,
    onLoadDone: async (swarm) => {
      observed = await observeWhenQuiet(swarm);
    },
  });
  await writeFile(join(folder, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const {summary} = report;
  const {spec} = (await prepareModel({id: model.id, log, signal})).manifest;
  const wrong = await wrongStubAnswers(report, {...scenario.requests, spec});
  const misserved = chainsNotAsServed(report, observed);
  const unseen = bytesNotAsSeen(report, observed);
  return {
    checks: [
      atLeast('answers given', summary.completed, summary.requests),
      atMost('answers failed', summary.failed, 0),
      atMost('answers other than those of one stub with the whole model', wrong.length, 0),
      atMost('tabs that decoded another number of tokens than reported', misserved.length, 0),
      atMost('bytes that tabs or their browser counted otherwise', unseen.length, 0),
    ],
    figures: {...summary, wrong, misserved, unseen},
  };
};
