import {buildReport} from './report/build-report.ts';
import {findReference, questionOf} from './find-reference.ts';
import {findWrong} from './report/find-wrong.ts';
import type {Report} from './report/report.ts';
import {runScenario, type RunScenarioOptions} from './run/run-scenario.ts';
import type {RunEvent} from './run/run-record.ts';

export type Measurement = {
  readonly report: Report;
  /** Nothing failed, nothing was wrong, and all that was to be shown was shown. */
  readonly isGood: boolean;
};

/** Runs a scenario, and a second time without its faults where it has some, and compares. */
export async function measureScenario(options: RunScenarioOptions): Promise<Measurement> {
  const {scenario, log} = options;
  const record = await runScenario(options);
  const hasFaults = scenario.faults.length > 0;
  if (hasFaults) log('The same without faults, to compare');
  const reference = hasFaults
    ? await findReference(
        options,
        Math.max(...record.requests.map(({tokenIds}) => tokenIds.length)),
      )
    : {answers: new Map<string, number[]>(), failed: []};
  const answers = record.requests.map(({id, tokenIds, error}) => ({
    id,
    question: questionOf(scenario, id),
    tokenIds,
    isComplete: error === null,
  }));
  const events = reference.failed.map(({prompt, error}): RunEvent => ({
    atMs: 0,
    kind: 'reference-failed',
    prompt,
    message: error?.message,
  }));
  const report = buildReport({
    record: {...record, events: [...record.events, ...events]},
    wrongRequestIds: findWrong(answers, reference.answers),
    withLogprobs: scenario.requests.logprobs > 0 ? 'with' : 'without',
  });
  const {failed, wrong} = report.summary;
  const isGood = failed + wrong + record.skippedFaults + reference.failed.length === 0;
  return {report, isGood};
}
