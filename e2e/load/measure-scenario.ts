import {buildReport} from './report/build-report.ts';
import {
  findReference,
  questionOf,
  type Reference,
  type RightAnswers,
} from './reference/find-reference.ts';
import {outsideAnswers, type AskedAnswer} from './reference/outside-answers.ts';
import {findWrong} from './report/find-wrong.ts';
import type {Report} from './report/report.ts';
import {runScenario, type RunScenarioOptions} from './run/run-scenario.ts';
import type {RunEvent} from './run/run-record.ts';
import {OUTSIDE} from './scenario/scenario.ts';

export type Measurement = {
  readonly report: Report;
  /** Nothing failed, nothing was wrong, and all that was to be shown was shown. */
  readonly isGood: boolean;
};

export type MeasureOptions = RunScenarioOptions & {
  /** The right answer to each question, where the caller knows them: then no second run is made. */
  readonly answers?: RightAnswers;
};

/** Runs a scenario, and compares: with what is known, the outside reference, or a second run without its faults. */
export async function measureScenario(options: MeasureOptions): Promise<Measurement> {
  const {scenario} = options;
  const record = await runScenario(options);
  const answers = record.requests.map(({id, tokenIds, promptTokenIds, error}) => ({
    id,
    question: questionOf(scenario, id),
    promptTokenIds,
    tokenIds,
    isComplete: error === null,
  }));
  const reference = await rightAnswers(options, answers);
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

async function rightAnswers(
  options: MeasureOptions,
  given: readonly AskedAnswer[],
): Promise<Reference> {
  const {scenario, log, answers = new Map<string, readonly number[]>()} = options;
  if (scenario.reference === OUTSIDE) {
    log('The same by the outside reference, to compare');
    const {maxTokens} = scenario.requests;
    return {answers: await outsideAnswers(given, {...options, maxTokens}), failed: []};
  }
  if (scenario.faults.length === 0 || answers.size > 0) return {answers, failed: []};
  log('The same without faults, to compare');
  return findReference(options, Math.max(...given.map(({tokenIds}) => tokenIds.length)));
}
