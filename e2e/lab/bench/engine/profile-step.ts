import type {Page} from 'playwright';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {percentile} from '../../../load/report/percentile.ts';
import {lineOfAll} from '../bench-line.ts';
import type {BenchmarkContext} from '../benchmark.ts';
import {layerBytes, lmHeadBytes} from './bytes-of-step.ts';
import {readBytesPerSecOf, stepMsOf} from './engine-page-steps.ts';

const ROUNDS = 10;
const PROMPT_TOKENS = 128;
const PARTS = {layers: 'the layers', lmHead: 'the LM head'} as const;

/** Where a decode step goes: each part beside what the reading of its weights takes, in the same round. */
export async function profileStep(
  context: BenchmarkContext,
  {page, manifest, name}: {readonly page: Page; readonly manifest: Manifest; readonly name: string},
): Promise<void> {
  const asked = {sessions: 1, promptTokens: PROMPT_TOKENS};
  const bytes = {layers: layerBytes(manifest), lmHead: lmHeadBytes(manifest)};
  const tookMs = {layers: [] as number[], lmHead: [] as number[]};
  const readMs = {layers: [] as number[], lmHead: [] as number[]};
  for (let round = 0; round < ROUNDS; round += 1) {
    context.signal.throwIfAborted();
    const layersMs = await stepMsOf(page, {...asked, output: 'hidden'});
    const wholeMs = await stepMsOf(page, asked);
    const bytesPerSec = await readBytesPerSecOf(page, context.threads);
    tookMs.layers.push(layersMs);
    tookMs.lmHead.push(wholeMs - layersMs);
    readMs.layers.push((1_000 * bytes.layers) / bytesPerSec);
    readMs.lmHead.push((1_000 * bytes.lmHead) / bytesPerSec);
  }
  for (const part of ['layers', 'lmHead'] as const) {
    const line = lineOfAll(`${name}: of a decode step, ${PARTS[part]}`, tookMs[part], 'ms');
    const against = percentile(readMs[part], 50);
    context.print({...line, against, ratio: line.value / against});
  }
}
