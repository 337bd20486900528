import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {measureScenario, type MeasureOptions, type Measurement} from '../measure-scenario.ts';
import {offerModel} from '../scenario/offer-model.ts';
import {parseScenario} from '../scenario/scenario.ts';
import {log} from '../../swarm/test-log.ts';

/** Time enough for a machine on which all takes ten times as long. */
export const PATIENT = {coverageTimeoutMs: 300_000, timeoutMs: 600_000};

/** Runs a scenario, in this process, with this model file. */
export async function measureTiny(
  gguf: Uint8Array,
  scenarioJson: Readonly<Record<string, unknown>>,
  more: Pick<MeasureOptions, 'onLoadDone' | 'answers'> = {},
): Promise<Measurement> {
  const folder = await mkdtemp(join(tmpdir(), 'weft-spec-'));
  try {
    const path = join(folder, 'tiny.gguf');
    await writeFile(path, gguf);
    const scenario = parseScenario({model: path, ...PATIENT, ...scenarioJson});
    const {signal} = new AbortController();
    const model = await offerModel(scenario, {folder, log, signal});
    return await measureScenario({scenario, model, signal, log, ...more});
  } finally {
    await rm(folder, {recursive: true});
  }
}
