import {findChromium} from '../machine/find-chromium.ts';
import {prepareModel} from '../machine/model-file/prepare-model.ts';
import {
  BUILD_OF_THE_PAGE,
  COMPUTING_BROWSER_TESTS,
  QUICK_UNIT_TESTS,
  STATIC_CHECKS,
  UNIT_TESTS,
  WAITING_BROWSER_TESTS,
  type Check,
} from './checks.ts';
import {reportTotal, runChecks, type RunChecksOptions} from './run-checks.ts';
import type {TestCount} from './count-tests.ts';

/** Everything that must hold, after the set-up that it needs. Each check that is not a test counts as one. */
export async function runAllTests(signal: AbortSignal): Promise<void> {
  const chromiumPath = await findChromium({log});
  const model = await prepareModel({log, signal});
  const env = {CHROMIUM_PATH: chromiumPath, WEFT_MODEL: model.path};
  const counts = [
    ...(await sideBySide([STATIC_CHECKS, [UNIT_TESTS]], {env, output: 'whole', signal})),
    await runChecks([BUILD_OF_THE_PAGE], {env, output: 'whole', signal}),
    // Not side by side: twenty tabs that open beside other tests wait for one another too long.
    await runChecks([WAITING_BROWSER_TESTS, COMPUTING_BROWSER_TESTS], {
      env,
      output: 'line by line',
      signal,
    }),
  ];
  reportTotal(counts);
}

/** The inner loop, about a minute on two cores: no browser, and none of the slow tests. */
export async function runQuickChecks(signal: AbortSignal): Promise<void> {
  const model = await prepareModel({log, signal});
  const options = {env: {WEFT_MODEL: model.path}, output: 'whole', signal} as const;
  reportTotal(await sideBySide([STATIC_CHECKS, [QUICK_UNIT_TESTS]], options));
}

/** No check keeps two cores busy for long: compilers use one, and tests wait now and then. */
async function sideBySide(
  lanes: readonly (readonly Check[])[],
  options: RunChecksOptions,
): Promise<readonly TestCount[]> {
  return Promise.all(lanes.map((checks) => runChecks(checks, options)));
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
