import {findChromium} from '../machine/find-chromium.ts';
import {prepareModel} from '../machine/model-file/prepare-model.ts';
import {BROWSER_CHECKS, QUICK_UNIT_TESTS, STATIC_CHECKS, UNIT_TESTS, type Check} from './checks.ts';
import type {TestCount} from './count-tests.ts';
import {reportTotal, runChecks, type RunChecksOptions} from './run-checks.ts';

/** Everything that must hold, after the set-up that it needs. Each check that is not a test counts as one. */
export async function runAllTests(signal: AbortSignal): Promise<void> {
  const chromiumPath = await findChromium({log});
  const model = await prepareModel({log, signal});
  const env = {CHROMIUM_PATH: chromiumPath, WEFT_MODEL: model.path};
  reportTotal([
    ...(await runWithoutBrowser(UNIT_TESTS, {env, signal})),
    // One after the other: twenty tabs that open beside other tests wait for one another too long.
    await runChecks(BROWSER_CHECKS, {env, output: 'as it comes', signal}),
  ]);
}

/** The inner loop, about a minute on two cores: no browser, and none of the slow tests. */
export async function runQuickChecks(signal: AbortSignal): Promise<void> {
  const model = await prepareModel({log, signal});
  const env = {WEFT_MODEL: model.path};
  reportTotal(await runWithoutBrowser(QUICK_UNIT_TESTS, {env, signal}));
}

/** Compilers use one core each, and tests wait now and then: side by side, two cores are busy. */
async function runWithoutBrowser(
  unitTests: Check,
  {env, signal}: Pick<RunChecksOptions, 'env' | 'signal'>,
): Promise<readonly TestCount[]> {
  const options = {env, output: 'whole', signal} as const;
  return Promise.all([runChecks(STATIC_CHECKS, options), runChecks([unitTests], options)]);
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
