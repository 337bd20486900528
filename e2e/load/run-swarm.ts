import {mkdir, writeFile} from 'node:fs/promises';
import {basename, join} from 'node:path';
import {WeftError} from '#shared/base/errors.ts';
import {readJsonFile} from '../tools/command-line/files/read-json-file.ts';
import {buildSite} from '../tools/machine/build-site.ts';
import {measureScenario} from './measure-scenario.ts';
import {offerModel} from './scenario/offer-model.ts';
import {readReference} from './reference/read-reference.ts';
import {renderReportPage} from './report/report-page.ts';
import type {Report} from './report/report.ts';
import {openRunFolder} from './run-folder.ts';
import {OUTSIDE, parseScenario} from './scenario/scenario.ts';

export type RunSwarmOptions = {
  readonly scenarioPath: string;
  readonly reportDir: string;
  readonly signal: AbortSignal;
};

/**
 * The whole command: a scenario file in, `report.json` and `report.html` out.
 *
 * @throws {WeftError} `FILE_UNREADABLE`, `SCENARIO_INVALID`, `REFERENCE_INVALID` before anything starts;
 *   `SCENARIO_FAILED` after the report is written, when something failed or was wrong.
 */
export async function runSwarm({scenarioPath, reportDir, signal}: RunSwarmOptions): Promise<void> {
  const scenario = parseScenario(await readJsonFile('run the scenario', scenarioPath));
  const {reference = OUTSIDE} = scenario;
  const answers = reference === OUTSIDE ? new Map() : await readReference(reference, scenario);
  // Before the run: it would be lost in a folder that cannot be made.
  await mkdir(reportDir, {recursive: true});
  const folder = await openRunFolder();
  try {
    await buildSite({log});
    const model = await offerModel(scenario, {folder: folder.path, log, signal});
    const {report, isGood} = await measureScenario({scenario, model, answers, signal, log});
    const title = `${basename(scenarioPath)}: ${model.id}`;
    const page = await renderReportPage({title, layerCount: model.grid.layerCount, report});
    await writeFile(join(reportDir, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
    await writeFile(join(reportDir, 'report.html'), page);
    log(`Report in ${join(reportDir, 'report.html')}`);
    process.stdout.write(`${JSON.stringify(report.summary)}\n`);
    if (!isGood) throw failure(report);
  } finally {
    await folder.remove();
  }
}

function failure({summary, events}: Report): WeftError {
  const {failed, wrong} = summary;
  const others = events
    .filter(({kind}) => kind === 'fault-skipped' || kind === 'reference-failed')
    .map((event) => `; ${event.kind}: ${String(event['why'] ?? event['message'])}`);
  return new WeftError(
    {code: 'SCENARIO_FAILED', failed, wrong},
    `The scenario failed: ${failed} requests failed, ${wrong} answers were wrong${others.join('')}`,
  );
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
