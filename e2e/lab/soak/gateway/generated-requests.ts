import {Ajv2020, type ValidateFunction} from 'ajv/dist/2020.js';
import * as fc from 'fast-check';
import * as z from 'zod';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type {SoakResult} from '../soak.ts';
import {arbitraryOfSchema} from './arbitrary-of-schema.ts';

const REQUESTS = 2_000;
const SEED = 20_261_129;
/** Real answers: short ones are as good as long ones. */
const MOST_TOKENS = 3;
const PATHS = ['/v1/chat/completions', '/v1/completions'] as const;

const content = z.object({
  'application/json': z.object({schema: z.record(z.string(), z.unknown())}),
});
const documentSchema = z.object({
  paths: z.record(
    z.string(),
    z.object({
      post: z
        .object({
          requestBody: z.object({content}),
          responses: z.record(
            z.string(),
            z.object({
              content: z.record(z.string(), z.object({schema: z.record(z.string(), z.unknown())})),
            }),
          ),
        })
        .optional(),
    }),
  ),
});

type Faults = {readonly serverErrors: string[]; readonly violations: string[]};

/** Requests made by the OpenAPI document of the server itself: no fault of the server, and each response as it says. */
export async function askGenerated(
  url: string,
  {model, signal}: {readonly model: string; readonly signal: AbortSignal},
): Promise<SoakResult> {
  const document = documentSchema.parse(
    await (await fetch(`${url}/v1/openapi.json`, {signal})).json(),
  );
  const faults: Faults = {serverErrors: [], violations: []};
  const statuses: Record<string, number> = {};
  for (const path of PATHS) {
    const post = document.paths[path]?.post;
    if (post === undefined) throw new Error(`The document has no ${path}`);
    const validators = validatorsOf(post.responses);
    const arbitrary = arbitraryOfSchema(post.requestBody.content['application/json'].schema);
    for (const asked of fc.sample(arbitrary, {numRuns: REQUESTS / PATHS.length, seed: SEED})) {
      const body = JSON.stringify(harmless(asked, model));
      const status = await ask(url + path, {body, validators, faults, signal});
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  }
  const asked = Object.values(statuses).reduce((sum, count) => sum + count, 0);
  return {
    checks: [
      atLeast('generated requests', asked, REQUESTS),
      atLeast('of these with an answer', statuses['200'] ?? 0, REQUESTS / 20),
      atLeast('of these refused', statuses['400'] ?? 0, REQUESTS / 20),
      atMost('of these that met a fault of the server', faults.serverErrors.length, 0),
      atMost('of these with a response other than the document says', faults.violations.length, 0),
    ],
    figures: {statuses, ...faults},
  };
}

/** The model that there is, and few tokens, where the rest is well formed. */
function harmless(asked: unknown, model: string): unknown {
  if (typeof asked !== 'object' || asked === null || Array.isArray(asked)) return asked;
  return {...asked, model, max_tokens: MOST_TOKENS, max_completion_tokens: undefined, n: undefined};
}

type Responses = Readonly<
  Record<string, {readonly content: Readonly<Record<string, {readonly schema: object}>>}>
>;

function validatorsOf(responses: Responses): ReadonlyMap<string, ValidateFunction> {
  const ajv = new Ajv2020({strict: false});
  return new Map(
    Object.entries(responses).flatMap(([status, {content: types}]) =>
      Object.entries(types).map(([type, {schema}]) => [`${status} ${type}`, ajv.compile(schema)]),
    ),
  );
}

async function ask(
  url: string,
  {
    body,
    validators,
    faults,
    signal,
  }: {
    readonly body: string;
    readonly validators: ReadonlyMap<string, ValidateFunction>;
    readonly faults: Faults;
    readonly signal: AbortSignal;
  },
): Promise<number> {
  const headers = {'Content-Type': 'application/json'};
  const response = await fetch(url, {method: 'POST', headers, body, signal});
  const text = await response.text();
  const {status} = response;
  const shown = `${status} to ${body.slice(0, 500)}: ${text.slice(0, 500)}`;
  if (status >= 500) faults.serverErrors.push(shown);
  const type = (response.headers.get('content-type') ?? '').split(';')[0];
  const validate = validators.get(`${status} ${type}`);
  const parts =
    type === 'text/event-stream'
      ? text
          .split('\n\n')
          .filter((event) => event.startsWith('data: {'))
          .map((event) => event.slice('data: '.length))
      : [text];
  const isRight = validate !== undefined && parts.every((part) => validate(JSON.parse(part)));
  if (!isRight) faults.violations.push(shown);
  return status;
}
