import {buildReport} from './report/build-report.ts';
import {findReference, questionOf, type Reference} from './find-reference.ts';
import {findWrong} from './report/find-wrong.ts';
import type {Report} from './report/report.ts';
import {runScenario, type RunScenarioOptions} from './run/run-scenario.ts';
import type {RunEvent, RunRecord} from './run/run-record.ts';

export type Measurement = {
  readonly report: Report;
  /** Nothing failed, nothing was wrong, and all that was to be shown was shown. */
  readonly isGood: boolean;
};

export type MeasureOptions = RunScenarioOptions & {
  /** The right answer to each question, where the caller knows them: then no second run is made. */
  readonly answers?: ReadonlyMap<string, readonly number[]>;
};

/** Runs a scenario, and a second time without its faults where it has some, and compares. */
export async function measureScenario(options: MeasureOptions): Promise<Measurement> {
  const {scenario} = options;
  const record = await runScenario(options);
  const reference = await rightAnswers(options, record);
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

async function rightAnswers(options: MeasureOptions, {requests}: RunRecord): Promise<Reference> {
  const {scenario, log, answers = new Map<string, readonly number[]>()} = options;
  if (scenario.faults.length === 0 || answers.size > 0) return {answers, failed: []};
  log('The same without faults, to compare');
  return findReference(options, Math.max(...requests.map(({tokenIds}) => tokenIds.length)));
}
