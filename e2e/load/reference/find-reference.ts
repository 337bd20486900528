import {runScenario, type RunScenarioOptions} from '../run/run-scenario.ts';
import type {RequestRecord} from '../run/run-record.ts';
import {
  promptOf,
  requestCountOf,
  type Scenario,
  type ScenarioPrompt,
} from '../scenario/scenario.ts';

/** Token ids by question. */
export type RightAnswers = ReadonlyMap<string, readonly number[]>;

export type Reference = {
  readonly answers: RightAnswers;
  /** Questions that even the undisturbed run could not answer. */
  readonly failed: readonly RequestRecord[];
};

/** Equal for requests that must get the same answer: within a scenario only prompts differ. */
export function questionOf(scenario: Scenario, id: number): string {
  return toQuestion(promptOf(scenario, id));
}

export function toQuestion(prompt: ScenarioPrompt): string {
  return JSON.stringify(prompt);
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
): Promise<Reference> {
  const {scenario} = options;
  const {requests} = scenario;
  const asked = requests.prompts.slice(0, requestCountOf(scenario));
  const prompts = [...new Map(asked.map((prompt) => [toQuestion(prompt), prompt])).values()];
  const undisturbed: Scenario = {
    ...scenario,
    faults: [],
    replaceTabs: false,
    requests: {
      ...requests,
      prompts,
      count: prompts.length,
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
