import {findChromium} from '../machine/find-chromium.ts';
import {prepareModel} from '../machine/model-file/prepare-model.ts';
import {BROWSER_CHECKS, QUICK_UNIT_TESTS, STATIC_CHECKS, UNIT_TESTS} from './checks.ts';
import {reportTotal, runChecks} from './run-checks.ts';

/** Everything that must hold, after the set-up that it needs. Each check that is not a test counts as one. */
export async function runAllTests(signal: AbortSignal): Promise<void> {
  const chromiumPath = await findChromium({log});
  const model = await prepareModel({log, signal});
  const env = {CHROMIUM_PATH: chromiumPath, WEFT_MODEL: model.path};
  const checks = [...STATIC_CHECKS, UNIT_TESTS, ...BROWSER_CHECKS];
  reportTotal([await runChecks(checks, {env, output: 'as it comes', signal})]);
}

/** The inner loop, about a minute on two cores: no browser, and none of the slow tests. */
export async function runQuickChecks(signal: AbortSignal): Promise<void> {
  const model = await prepareModel({log, signal});
  const options = {env: {WEFT_MODEL: model.path}, output: 'whole', signal} as const;
  // Compilers use one core each, and tests wait now and then: side by side, two cores are busy.
  reportTotal(
    await Promise.all([runChecks(STATIC_CHECKS, options), runChecks([QUICK_UNIT_TESTS], options)]),
  );
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
