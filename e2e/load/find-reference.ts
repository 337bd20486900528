import {runScenario, type RunScenarioOptions} from './run/run-scenario.ts';
import type {RequestRecord} from './run/run-record.ts';
import {promptOf, requestCountOf, type Scenario} from './scenario/scenario.ts';

/** Equal for requests that must get the same answer: within a scenario only prompts differ. */
export function questionOf(scenario: Scenario, id: number): string {
  return JSON.stringify(promptOf(scenario, id));
}

/**
 * The right answers to the questions of a scenario: those of an undisturbed
 * run on the same tabs, where each question is asked once, one after the other.
 *
 * @param longestTokens of the answers that are to be compared: these go no further.
 */
export async function findReference(
  options: RunScenarioOptions,
  longestTokens: number,
): Promise<{
  readonly answers: ReadonlyMap<string, readonly number[]>;
  /** Questions that even the undisturbed run could not answer. */
  readonly failed: readonly RequestRecord[];
}> {
  const {scenario} = options;
  const {requests} = scenario;
  const count = Math.min(requests.prompts.length, requestCountOf(scenario));
  const undisturbed: Scenario = {
    ...scenario,
    faults: [],
    requests: {
      ...requests,
      count,
      clients: 1,
      arrival: 'sequential',
      maxTokens: Math.max(1, longestTokens),
      logprobs: 0,
    },
  };
  const record = await runScenario({...options, scenario: undisturbed});
  const completed = record.requests.filter(({error}) => error === null);
  return {
    answers: new Map(completed.map(({id, tokenIds}) => [questionOf(undisturbed, id), tokenIds])),
    failed: record.requests.filter(({error}) => error !== null),
  };
}
