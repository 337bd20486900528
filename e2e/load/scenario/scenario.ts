import * as z from 'zod';
import {WeftError} from '#shared/base/errors.ts';

const count = z.int().positive();
const ms = z.number().nonnegative();

/** What a field of `scenario` accepts today, with a sentence for what it will accept later. */
function oneOf<const Value extends string>(
  values: readonly Value[],
  later: readonly string[] = [],
) {
  return z.enum(values, {
    error: ({input}) => {
      const text = JSON.stringify(input);
      const known = values.join(', ');
      const isPlanned = typeof input === 'string' && later.includes(input);
      return isPlanned ? `${text} is not supported yet: ${known}` : `${text} is none of ${known}`;
    },
  });
}

const tabGroupSchema = z
  .strictObject({
    count: count.default(1),
    engine: oneOf(['wasm', 'webgpu', 'stub']).default('wasm'),
    /** Embedding and LM head are free under it. */
    maxLayers: count.optional(),
    memoryMiB: count.optional(),
    /** Since the start of the run. */
    joinAtMs: ms.default(0),
    /** How many times slower than it declares by itself a stub is. */
    slowdown: z.number().positive().default(1),
  })
  .refine((group) => group.maxLayers === undefined || group.memoryMiB === undefined, {
    error: 'say maxLayers or memoryMiB, not both',
    path: ['memoryMiB'],
  })
  .refine((group) => group.engine === 'stub' || group.slowdown === 1, {
    error: 'only stub tabs can be slowed down',
    path: ['slowdown'],
  })
  .readonly();

const messageSchema = z.strictObject({
  role: z.enum(['system', 'user', 'assistant']),
  content: z.string(),
});

const promptSchema = z.union(
  [
    z.string().min(1),
    z
      .strictObject({
        messages: z.array(messageSchema.readonly()).min(1).readonly(),
        /** Whether the model is to think first; without it, as its template has it. */
        thinking: z.boolean().optional(),
      })
      .readonly(),
    z.strictObject({tokenIds: z.array(z.int().nonnegative()).min(1).readonly()}).readonly(),
  ],
  {error: 'expected a text, {"messages": […]} or {"tokenIds": […]}'},
);

const requestsSchema = z
  .strictObject({
    prompts: z.array(promptSchema).min(1).readonly(),
    /** Request `i` asks prompt `i mod prompts.length`. */
    count: count.optional(),
    /** Client tabs; request `i` is asked by client `i mod clients`. */
    clients: count.default(1),
    arrival: oneOf(['all', 'sequential', 'poisson', 'bursty']).default('sequential'),
    perSec: z.number().positive().optional(),
    maxTokens: count.default(32),
    temperature: z.number().min(0).max(10).default(0),
    /** Of the sampling; the same for all requests. */
    seed: z.int().min(0).max(0xffff_ffff).default(0),
    /** How many of the likeliest tokens to report with each token. */
    logprobs: z.int().min(0).max(20).default(0),
  })
  .refine(({arrival, perSec}) => perSec !== undefined || !['poisson', 'bursty'].includes(arrival), {
    error: 'say how many requests per second arrive',
    path: ['perSec'],
  })
  .readonly();

const TARGET = /^(?:(stage|tab):(\d+)|random)$/u;

/** The target: a stage of a chain, a lending tab in the order of the scenario, any lending tab, or no tab. */
export type FaultTarget =
  | {readonly kind: 'stage'; readonly stage: number}
  | {readonly kind: 'tab'; readonly tab: number}
  | {readonly kind: 'random'}
  | {readonly kind: 'server'};

const targetSchema = z
  .string()
  .regex(TARGET, {error: 'expected "stage:N", "tab:N" or "random"'})
  .transform((text): FaultTarget => {
    const [, kind, digits] = TARGET.exec(text) ?? [];
    if (kind === 'stage') return {kind, stage: Number(digits)};
    if (kind === 'tab') return {kind, tab: Number(digits)};
    return {kind: 'random'};
  })
  .default({kind: 'server'});

const FAULT_KINDS = [
  'close-tab',
  'kill-tab',
  'crash-engine',
  'freeze-tab',
  'slow-tab',
  'cut-link',
  'kill-server',
] as const;
const LATER_FAULTS = ['corrupt-tab'];
/** What may come back, and what has to. */
const MAY_LAST: readonly string[] = ['freeze-tab', 'cut-link', 'kill-server'];
const HAS_TO_END: readonly string[] = ['freeze-tab'];

const faultSchema = z
  .strictObject({
    kind: oneOf(FAULT_KINDS, LATER_FAULTS),
    target: targetSchema,
    /** How long `freeze-tab` stops the process of the tab, a link is cut or the server stays killed: without it, for good. */
    forMs: ms.optional(),
    /** How many times as long the engine of `slow-tab` takes from then on. */
    factor: z.number().min(1).optional(),
    /** Since the first request could be asked. */
    atMs: ms.optional(),
    /** Whose chain `stage:N` means, and whose tokens `afterTokens` counts. */
    request: z.int().nonnegative().optional(),
    /** 0: when the chain is ready, before the first token. */
    afterTokens: z.int().nonnegative().optional(),
    /** In place of tokens: when so many other chains have become ready for `request` in place of a broken one. */
    afterRecoveries: count.optional(),
  })
  .refine(({atMs, request}) => atMs !== undefined || request !== undefined, {
    error: 'say when: atMs, or request and afterTokens',
    path: ['atMs'],
  })
  .refine(({atMs, afterTokens}) => atMs === undefined || afterTokens === undefined, {
    error: 'say atMs or afterTokens, not both',
    path: ['afterTokens'],
  })
  .refine(
    ({request, afterTokens, afterRecoveries}) =>
      afterRecoveries === undefined || (request !== undefined && afterTokens === undefined),
    {error: 'goes with request, and in place of afterTokens', path: ['afterRecoveries']},
  )
  .refine(
    ({kind, forMs}) => (forMs === undefined ? !HAS_TO_END.includes(kind) : MAY_LAST.includes(kind)),
    {
      error: 'freeze-tab says how long, cut-link and kill-server may, and no other fault does',
      path: ['forMs'],
    },
  )
  .refine(({kind, target}) => (kind === 'kill-server') === (target.kind === 'server'), {
    error: 'every fault names its target, but for kill-server',
    path: ['target'],
  })
  .refine(({kind, factor}) => (kind === 'slow-tab') === (factor !== undefined), {
    error: 'slow-tab says how many times as long its engine takes, and no other fault does',
    path: ['factor'],
  })
  .refine(({kind, target}) => kind !== 'cut-link' || target.kind === 'stage', {
    error: 'say "stage:N": its link to the next stage, of the last to the first',
    path: ['target'],
  })
  .readonly();

/** Of every link between two tabs, in each direction. */
const networkSchema = z
  .strictObject({
    /** One way. */
    delayMs: ms.default(0),
    /** Of packets; which ones, the seed decides. */
    lossPercent: z.number().min(0).max(100).default(0),
    /** `null`: as fast as this machine is. */
    rateBytesPerSec: z.number().positive().nullable().default(null),
  })
  .readonly();

/** Answers are compared with the outside reference. */
export const OUTSIDE = 'outside';

const scenarioSchema = z
  .strictObject({
    /** An id of the catalogue, or the path of a GGUF file. */
    model: z.string().min(1),
    /** Of arrivals, of random targets and of packets that are lost. */
    seed: z.int().min(0).max(0xffff_ffff).default(0),
    timeoutMs: count.default(300_000),
    tabs: z.array(tabGroupSchema).min(1).readonly(),
    waitForChains: z.int().nonnegative().default(1),
    coverageTimeoutMs: ms.default(60_000),
    requests: requestsSchema,
    faults: z.array(faultSchema).default([]).readonly(),
    /**
     * For each tab that a fault ended another like it joins at once, and each request waits until `waitForChains`
     * chains are there again, by the records that a tab which only looks on has read.
     */
    replaceTabs: z.boolean().default(false),
    /** What is right: `outside`, or a file of token ids; by default, what a run without faults answers. */
    reference: z.string().min(1).optional(),
    network: networkSchema.optional(),
  })
  .refine(({replaceTabs, requests}) => !replaceTabs || requests.arrival === 'sequential', {
    error: 'requests wait for the tabs that replace others: their arrival must be sequential',
    path: ['replaceTabs'],
  })
  .refine(({reference, requests}) => reference !== OUTSIDE || requests.temperature === 0, {
    error: 'the outside reference gives the likeliest tokens: the temperature has to be 0',
    path: ['reference'],
  })
  .refine(({reference, tabs}) => reference !== OUTSIDE || tabs.every(isNoStub), {
    error: 'the outside reference computes the model, which stub tabs do not: take wasm or webgpu',
    path: ['reference'],
  })
  .superRefine(({requests, faults, tabs}, context) => {
    const requestCount = requests.count ?? requests.prompts.length;
    const tabCount = tabs.reduce((sum, group) => sum + group.count, 0);
    faults.forEach(({request, target}, i) => {
      if (request !== undefined && request >= requestCount) {
        const message = `there are ${requestCount} requests, counted from 0`;
        context.addIssue({code: 'custom', message, path: ['faults', i, 'request']});
      }
      if (target.kind === 'tab' && target.tab >= tabCount) {
        const message = `there are ${tabCount} tabs, counted from 0`;
        context.addIssue({code: 'custom', message, path: ['faults', i, 'target']});
      }
    });
  })
  .readonly();

export type Scenario = z.infer<typeof scenarioSchema>;
export type TabGroup = z.infer<typeof tabGroupSchema>;
export type ScenarioPrompt = z.infer<typeof promptSchema>;
export type Fault = z.infer<typeof faultSchema>;

function isNoStub({engine}: TabGroup): boolean {
  return engine !== 'stub';
}

/**
 * Reads the content of a scenario file.
 *
 * @throws {WeftError} `SCENARIO_INVALID`, whose message names every field that is wrong.
 */
export function parseScenario(json: unknown): Scenario {
  const result = scenarioSchema.safeParse(json, {error: missingField});
  if (result.success) return result.data;
  throw invalid(
    result.error.issues.map(
      ({path, message}) => `${path.length === 0 ? 'the file' : path.join('.')}: ${message}`,
    ),
    result.error,
  );
}

/** How many requests a scenario asks. */
export function requestCountOf({requests}: Pick<Scenario, 'requests'>): number {
  return requests.count ?? requests.prompts.length;
}

/** The prompt of request `id`. */
export function promptOf({requests}: Pick<Scenario, 'requests'>, id: number): ScenarioPrompt {
  const prompt = requests.prompts[id % requests.prompts.length];
  if (prompt === undefined) throw new Error('Broken invariant: the schema asks for a prompt');
  return prompt;
}

function missingField({input}: {readonly input?: unknown}): string | undefined {
  return input === undefined ? 'it is missing' : undefined;
}

function invalid(problems: readonly string[], cause: unknown): WeftError {
  return new WeftError(
    {code: 'SCENARIO_INVALID', problems} as const,
    `Cannot run the scenario:${problems.map((problem) => `\n  - ${problem}`).join('')}`,
    {cause},
  );
}
