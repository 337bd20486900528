import {ROOT, type Check} from './checks.ts';
import type {TestCount} from './count-tests.ts';
import {runStep} from './run-step.ts';

export type RunChecksOptions = {
  readonly env: Readonly<Record<string, string>>;
  /** `whole`: what a check prints is shown when it has ended, for checks that run side by side. */
  readonly output: 'as it comes' | 'whole';
  readonly signal: AbortSignal;
};

/** One check after the other, all of them even when one fails: one run shows everything that is wrong. */
export async function runChecks(
  checks: readonly Check[],
  {env, output, signal}: RunChecksOptions,
): Promise<TestCount> {
  const total = {passed: 0, failed: 0};
  for (const {name, args, count} of checks) {
    signal.throwIfAborted();
    const startedMs = performance.now();
    if (output === 'as it comes') log(`\n▸ ${name}`);
    const result = await runStep({args, root: ROOT, env, output, signal});
    const {passed, failed} = await count(result);
    total.passed += passed;
    total.failed += failed;
    if (output === 'whole' && failed > 0) log(`\n▸ ${name}\n${result.printed}`);
    const tookSec = ((performance.now() - startedMs) / 1000).toFixed(1);
    log(`  ${name}: ${passed} passed, ${failed} failed in ${tookSec} s`);
  }
  return total;
}

/** The last line of a run: `N passed, N failed`. Any failure makes the exit code 1. */
export function reportTotal(counts: readonly TestCount[]): void {
  const passed = counts.reduce((sum, count) => sum + count.passed, 0);
  const failed = counts.reduce((sum, count) => sum + count.failed, 0);
  process.stdout.write(`${passed} passed, ${failed} failed\n`);
  if (failed > 0) process.exitCode = 1;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
