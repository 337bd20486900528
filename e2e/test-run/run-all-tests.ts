import {fileURLToPath} from 'node:url';
import {findChromium} from '../set-up/find-chromium.ts';
import {prepareModel} from '../set-up/prepare-model.ts';
import {countPlaywright, countVitest, type TestCount} from './count-tests.ts';
import {runStep, type StepResult} from './run-step.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REPORTS = '.cache/reports';

type Check = {
  readonly name: string;
  readonly args: readonly string[];
  readonly count: (result: StepResult) => Promise<TestCount>;
};

const passOrFail = ({exitCode}: StepResult): Promise<TestCount> =>
  Promise.resolve(exitCode === 0 ? {passed: 1, failed: 0} : {passed: 0, failed: 1});

const vitestReport = `${REPORTS}/vitest.json`;
const playwrightReport = `${REPORTS}/playwright.json`;

/** Cheap ones first, all of them even when one fails: one run shows everything that is wrong. */
const CHECKS: readonly Check[] = [
  {name: 'format', args: ['oxfmt', '--check'], count: passOrFail},
  {name: 'lint', args: ['oxlint'], count: passOrFail},
  {name: 'types', args: ['tsc', '-p', '.'], count: passOrFail},
  {name: 'types of the pure part', args: ['tsc', '-p', 'shared'], count: passOrFail},
  {name: 'dead code', args: ['knip', '-c', '.config/knip.json'], count: passOrFail},
  {
    name: 'unit tests',
    args: [
      'vitest',
      'run',
      '--config',
      '.config/vitest.config.ts',
      '--root',
      '.',
      '--reporter=default',
      '--reporter=json',
      `--outputFile.json=${vitestReport}`,
    ],
    count: (result) => countVitest(`${ROOT}${vitestReport}`, result),
  },
  {
    name: 'build of the page',
    args: ['vite', 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn'],
    count: passOrFail,
  },
  {
    name: 'real-browser tests',
    args: ['playwright', 'test', '--config', 'e2e/playwright.config.ts'],
    count: (result) => countPlaywright(`${ROOT}${playwrightReport}`, result),
  },
];

/**
 * Everything that must hold, after the set-up that it needs. The last line is
 * `N passed, N failed`, where each check that is no test counts as one.
 *
 * @throws {Error} when something failed, after everything has run.
 */
export async function runAllTests(signal: AbortSignal): Promise<void> {
  const chromiumPath = await findChromium({log});
  const model = await prepareModel({log, signal});
  const env = {
    CHROMIUM_PATH: chromiumPath,
    WEFT_MODEL: model.path,
  };
  const total = {passed: 0, failed: 0};
  for (const {name, args, count} of CHECKS) {
    signal.throwIfAborted();
    const startedMs = performance.now();
    log(`\n▸ ${name}`);
    const result = await runStep({args, root: ROOT, env, signal});
    const counted = await count(result);
    total.passed += counted.passed;
    total.failed += counted.failed;
    const tookSec = ((performance.now() - startedMs) / 1000).toFixed(1);
    log(`  ${name}: ${counted.passed} passed, ${counted.failed} failed in ${tookSec} s`);
  }
  process.stdout.write(`${total.passed} passed, ${total.failed} failed\n`);
  if (total.failed > 0) process.exitCode = 1;
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
