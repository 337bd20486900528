/// <reference types="node" />
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import * as z from 'zod';
import {isWeftError} from '#shared/base/errors.ts';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {runSwarm} from '../../load/run-swarm.ts';
import type {Soak} from './soak.ts';

const reportSchema = z.looseObject({
  summary: z.looseObject({
    requests: z.int(),
    completed: z.int(),
    failed: z.int(),
    wrong: z.int(),
  }),
});

/** Real tabs, real WebRTC, many of each: the scenario `many-tabs.json`. */
export const soakManyTabs: Soak = async ({reportDir}, {signal}) => {
  const scenarioPath = fileURLToPath(new URL('many-tabs.json', import.meta.url));
  const folder = join(reportDir, 'many-tabs');
  try {
    await runSwarm({scenarioPath, reportDir: folder, signal});
  } catch (error) {
    // The report is written, and says what failed.
    if (!isWeftError(error) || error.detail.code !== 'SCENARIO_FAILED') throw error;
  }
  const text = await readFile(join(folder, 'report.json'), 'utf8');
  const {summary} = reportSchema.parse(JSON.parse(text));
  return {
    checks: [
      atLeast('answers given', summary.completed, summary.requests),
      atMost('answers failed', summary.failed, 0),
      atMost('answers wrong', summary.wrong, 0),
    ],
    figures: summary,
  };
};
