import {setTimeout as wait} from 'node:timers/promises';
import type {AskRequest} from '#shared/client/chat/chat-service.ts';
import type {Tab} from '../../swarm/tab.ts';
import {arrivalTimesMs} from '../scenario/arrival-times.ts';
import {askOne, type Patience} from './ask-one.ts';
import type {FaultPlan} from './fault-plan.ts';
import type {RunJournal} from './run-journal.ts';
import type {RequestRecord} from './run-record.ts';
import {
  promptOf,
  requestCountOf,
  type Scenario,
  type ScenarioPrompt,
} from '../scenario/scenario.ts';

export type LoadInput = {
  readonly scenario: Scenario;
  readonly clients: readonly Tab[];
  readonly faults: FaultPlan;
  readonly journal: RunJournal;
  readonly patience: Patience;
  /** Each request of a sequence waits for it. */
  readonly beforeAsk: (id: number) => Promise<void>;
  readonly onEnd: (request: RequestRecord) => void;
  readonly signal: AbortSignal;
};

/** Asks all requests of a scenario when they are due; resolves with all of them, failed or not. */
export async function askRequests(input: LoadInput): Promise<readonly RequestRecord[]> {
  const {scenario, signal} = input;
  const {arrival, perSec = 1} = scenario.requests;
  const count = requestCountOf(scenario);
  const ids = Array.from({length: count}, (_, id) => id);
  if (arrival === 'sequential') {
    const records: RequestRecord[] = [];
    for (const id of ids) {
      await input.beforeAsk(id);
      records.push(await ask(input, id));
    }
    return records;
  }
  const times = arrivalTimesMs({arrival, count, perSec, seed: scenario.seed});
  return Promise.all(
    ids.map(async (id) => {
      // A run that is over asks no more: `askOne` says so for each request that is left.
      await wait(times[id] ?? 0, undefined, {signal}).catch(() => undefined);
      return ask(input, id);
    }),
  );
}

async function ask(input: LoadInput, id: number): Promise<RequestRecord> {
  const {scenario, clients, onEnd} = input;
  const index = id % clients.length;
  const tab = clients[index];
  if (tab === undefined) throw new Error('Broken invariant: the schema asks for a client');
  const prompt = promptOf(scenario, id);
  const record = await askOne({
    ...input,
    id,
    prompt: typeof prompt === 'string' ? prompt : JSON.stringify(prompt),
    client: {index, tab},
    request: requestOf(scenario, prompt),
  });
  onEnd(record);
  return record;
}

function requestOf({requests}: Scenario, prompt: ScenarioPrompt): AskRequest {
  const {maxTokens, temperature, seed, logprobs} = requests;
  return {
    prompt: promptFor(prompt),
    maxNewTokens: maxTokens,
    temperature,
    topK: 0,
    topP: 1,
    seed,
    topLogprobs: logprobs,
  };
}

function promptFor(prompt: ScenarioPrompt): AskRequest['prompt'] {
  if (typeof prompt === 'string')
    return {kind: 'messages', messages: [{role: 'user', content: prompt}]};
  if ('messages' in prompt) {
    const {messages, thinking} = prompt;
    return {kind: 'messages', messages, ...(thinking !== undefined && {thinking})};
  }
  return {kind: 'token-ids', tokenIds: prompt.tokenIds};
}
