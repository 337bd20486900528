import * as fc from 'fast-check';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {
  chatChunkSchema,
  chatCompletionSchema,
  completionChunkSchema,
  completionSchema,
  errorSchema,
} from '../response-schemas.ts';
import {scriptedApi, type ScriptedApi} from './scripted-api.ts';

/** Each costs a request over a socket. */
const REQUESTS = 200;

let api: ScriptedApi;
beforeAll(async () => {
  api = await scriptedApi();
});
afterAll(async () => {
  await api.close();
});

const anything = fc.jsonValue({maxDepth: 2});
/** Right more often than not, so that many requests get past the first check. */
const mostly = <T>(right: fc.Arbitrary<T>) =>
  fc.oneof({weight: 60, arbitrary: right}, {weight: 1, arbitrary: anything});

const stop = fc.oneof(
  fc.constantFrom('upon', 'n a', 'é'),
  fc.array(fc.string({minLength: 1}), {maxLength: 4}),
);
const common = {
  model: mostly(fc.constantFrom('tiny', 'tiny', 'tiny', 'other')),
  temperature: mostly(fc.double({min: 0, max: 2, noNaN: true})),
  top_p: mostly(fc.double({min: 0, max: 1, noNaN: true})),
  top_k: mostly(fc.nat(300)),
  max_tokens: mostly(fc.integer({min: 1, max: 9})),
  stop: mostly(stop),
  seed: mostly(fc.maxSafeInteger()),
  n: mostly(fc.integer({min: 1, max: 3})),
  stream: mostly(fc.boolean()),
  user: mostly(fc.string()),
  presence_penalty: mostly(fc.double({min: -2, max: 2, noNaN: true})),
  logit_bias: mostly(fc.constantFrom({}, {7: -100}, {0: 0.5, 300: 2})),
};
const role = fc.constantFrom('system', 'developer', 'user', 'assistant');
const message = fc.record({role, content: mostly(fc.string())});
const chat = fc.record(
  {
    ...common,
    messages: mostly(fc.array(message, {minLength: 1, maxLength: 3})),
    logprobs: mostly(fc.constant(true)),
    top_logprobs: mostly(fc.integer({min: 0, max: 20})),
  },
  {requiredKeys: ['model', 'messages']},
);
const prompt = fc.oneof(
  fc.string(),
  fc.array(fc.nat(300), {minLength: 1}),
  fc.array(fc.string(), {minLength: 1, maxLength: 2}),
);
const text = fc.record(
  {...common, prompt: mostly(prompt), logprobs: mostly(fc.integer({min: 0, max: 5}))},
  {requiredKeys: ['model', 'prompt']},
);

async function check(path: string, body: unknown): Promise<number> {
  const isChat = path.includes('chat');
  const response = await api.post(path, body);
  const content = await response.text();
  if (response.status !== 200) {
    expect(response.status).toBeLessThan(500);
    errorSchema.parse(JSON.parse(content));
  } else if (response.headers.get('content-type')?.startsWith('application/json') === true) {
    (isChat ? chatCompletionSchema : completionSchema).parse(JSON.parse(content));
  } else {
    const events = content.trimEnd().split('\n\n');
    expect(events.pop()).toBe('data: [DONE]');
    const chunk = isChat ? chatChunkSchema : completionChunkSchema;
    for (const event of events) chunk.parse(JSON.parse(event.slice('data: '.length)));
  }
  return response.status;
}

test.each([
  ['/v1/chat/completions', chat],
  ['/v1/completions', text],
])(
  `[GW4] whatever is asked of %s, the response is one that the OpenAPI document describes, and no fault of ours`,
  async (path, requests) => {
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(requests, fc.nat(9), async (right, kind) => {
        const status = await check(path, kind === 0 ? {...right, unknown: 1} : right);
        statuses.set(status, (statuses.get(status) ?? 0) + 1);
      }),
      {numRuns: REQUESTS, seed: 20_261_129},
    );
    // So that the check cannot go blind.
    expect(Math.min(statuses.get(200) ?? 0, statuses.get(400) ?? 0)).toBeGreaterThan(REQUESTS / 20);
  },
);
