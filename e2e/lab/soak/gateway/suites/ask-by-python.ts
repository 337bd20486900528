/// <reference types="node" />
import {fileURLToPath} from 'node:url';
import * as z from 'zod';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {askForAnswer, greedyRequest} from '../../../../swarm/ask.ts';
import type {Tab} from '../../../../swarm/tab.ts';
import type {SoakResult} from '../../soak.ts';
import {msUntilFree} from '../ms-until-free.ts';
import type {Python} from './open-python.ts';

const SCRIPT = fileURLToPath(new URL('ask_by_python.py', import.meta.url));
/** As the script asks. */
const QUESTION = 'Which way does the weft go?';
const SAMPLED = {temperature: 0.8, topP: 0.9, seed: 7, maxNewTokens: 24};
const LEAST_CHECKS = 15;
const FREED_WITHIN_MS = 5_000;
const lineSchema = z.object({name: z.string(), holds: z.boolean(), why: z.string()});

/** The official client of Python: the text of a page, all that the API promises, and its own classes of errors. */
export async function askByPython(
  python: Python,
  {url, model, tabs}: {readonly url: string; readonly model: string; readonly tabs: readonly Tab[]},
): Promise<SoakResult> {
  if (python.kind === 'missing') return {checks: [], figures: {python: python.reason}};
  const [page] = tabs;
  if (page === undefined) throw new Error('There is no tab to ask');
  const {text} = await askForAnswer(page, greedyRequest(QUESTION, SAMPLED));
  const stdout = await python.run([SCRIPT, `${url}/v1`, model, JSON.stringify(text)]);
  const {open, ms} = await msUntilFree(tabs, FREED_WITHIN_MS);
  const lines = stdout
    .trim()
    .split('\n')
    .map((line) => lineSchema.parse(JSON.parse(line)));
  const failed = lines.filter(({holds}) => !holds);
  return {
    checks: [
      atLeast('the client of Python: looked at', lines.length, LEAST_CHECKS),
      atMost(
        `the client of Python: does not hold (${failed.map(({name}) => name).join(', ')})`,
        failed.length,
        0,
      ),
      atMost('the client of Python: sessions open after it hung up', open, 0),
      atMost('the client of Python: ms until every hop was free', ms, FREED_WITHIN_MS),
    ],
    figures: {python: lines},
  };
}
