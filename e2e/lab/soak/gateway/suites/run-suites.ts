/// <reference types="node" />
import {fileURLToPath} from 'node:url';
import * as z from 'zod';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {describeFailure, runProcess} from '../../../../tools/machine/run-process.ts';
import type {SoakResult} from '../../soak.ts';
import type {Python} from './open-python.ts';
import {ARGUED} from './argued-failures.ts';

const TIMEOUT_S = 300;
const canarySchema = z.object({
  results: z.array(z.object({id: z.string(), status: z.string(), summary: z.string()})),
});
const complySchema = z.object({
  results: z.array(
    z.object({
      id: z.string(),
      status: z.string(),
      errors: z.array(z.string()).default([]),
      warnings: z.array(z.string()).default([]),
    }),
  ),
});

type Result = {readonly id: string; readonly isWell: boolean; readonly says: string};
type Options = {
  readonly url: string;
  /** A model that calls tools, or one that knows none. */
  readonly model: {readonly id: string; readonly knowsTools: boolean};
  readonly python: Python;
  readonly signal: AbortSignal;
};

/** Public conformance suites: what fails is argued in the document of the gateway, or is a fault. */
export async function runSuites(options: Options): Promise<SoakResult> {
  const suites: Readonly<Record<string, readonly Result[] | null>> = {
    compatcanary: await runCompatCanary(options),
    'llm-comply': await runLlmComply(options),
  };
  const kind = options.model.knowsTools ? 'tools' : 'no tools';
  const ran = Object.entries(suites).flatMap(([name, results]) =>
    results === null ? [] : [[name, results] as const],
  );
  return {
    checks: ran.flatMap(([name, results]) => {
      const failed = results.filter(({id, isWell}) => !isWell && !isArgued(name, id, kind));
      return [
        atLeast(`${name}, ${kind}: probes`, results.length, 5),
        atMost(
          `${name}, ${kind}: failures that are not argued (${failed.map(({id}) => id).join(', ')})`,
          failed.length,
          0,
        ),
      ];
    }),
    figures: Object.fromEntries(ran.map(([name, results]) => [`${name}, ${kind}`, results])),
  };
}

function isArgued(suite: string, id: string, kind: 'tools' | 'no tools'): boolean {
  return ARGUED.some(
    (argued) =>
      argued.suite === suite && argued.id === id && (argued.of === 'any' || argued.of === kind),
  );
}

async function runCompatCanary({url, model, signal}: Options): Promise<readonly Result[]> {
  const cli = fileURLToPath(new URL('cli.js', import.meta.resolve('compatcanary')));
  const options = ['--base-url', `${url}/v1`, '--model', model.id, '--timeout', String(TIMEOUT_S)];
  const outcome = await runProcess({
    file: process.execPath,
    args: [cli, 'scan', ...options, '--format', 'json', '--fail-on', 'never'],
    env: process.env,
    timeoutMs: TIMEOUT_S * 1_000 * 4,
    signal,
  });
  if (outcome.kind !== 'ended' || outcome.code !== 0) throw new Error(describeFailure(outcome));
  const {results} = canarySchema.parse(JSON.parse(outcome.stdout));
  return results.map(({id, status, summary}) => ({id, isWell: status === 'pass', says: summary}));
}

async function runLlmComply({url, model, python}: Options): Promise<readonly Result[] | null> {
  if (python.kind === 'missing') return null;
  const stdout = await python.run(
    ['-m', 'llm_comply.cli', '--format', 'openai-chat', '--json', '-u', `${url}/v1`].concat([
      '-k',
      'none',
      '-m',
      model.id,
      '--timeout',
      String(TIMEOUT_S),
    ]),
    {anyEnd: true},
  );
  const {results} = complySchema.parse(JSON.parse(stdout));
  return results.map(({id, status, errors, warnings}) => ({
    id,
    isWell: status !== 'failed' && warnings.length === 0,
    says: [status, ...errors, ...warnings].join('; '),
  }));
}
