import {fileURLToPath} from 'node:url';
import {countPlaywright, countVitest, type TestCount} from './count-tests.ts';
import type {StepResult} from './run-step.ts';

export const ROOT = fileURLToPath(new URL('../../..', import.meta.url));

const REPORTS = '.cache/reports';
const vitestReport = `${REPORTS}/vitest.json`;
const playwrightReport = `${REPORTS}/playwright.json`;

/** Unit tests that take more than ten seconds: `npm test` runs them, `npm run check` does not. */
const SLOW_TESTS = '**/*.slow.test.ts';

export type Check = {
  readonly name: string;
  /** The tool, then its arguments. */
  readonly args: readonly string[];
  readonly count: (result: StepResult) => Promise<TestCount>;
};

const passOrFail = ({exitCode}: StepResult): Promise<TestCount> =>
  Promise.resolve(exitCode === 0 ? {passed: 1, failed: 0} : {passed: 0, failed: 1});

/** What can be checked without running the code; the quickest first. */
export const STATIC_CHECKS: readonly Check[] = [
  {name: 'format', args: ['oxfmt', '--check'], count: passOrFail},
  // Each file by the nearest `tsconfig.json` that includes it: the pure part by its own. It finds what `npm run types`
  // finds, and has read all types anyway: ten seconds of a core in place of forty.
  {name: 'lint and types', args: ['oxlint', '--type-check'], count: passOrFail},
  {name: 'dead code', args: ['knip', '-c', '.config/knip.json'], count: passOrFail},
];

const vitestArguments = ['vitest', 'run', '--config', '.config/vitest.config.ts', '--root', '.'];

const countUnitTests = (result: StepResult) => countVitest(`${ROOT}${vitestReport}`, result);

export const UNIT_TESTS: Check = {
  name: 'unit tests',
  args: [
    ...vitestArguments,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${vitestReport}`,
  ],
  count: countUnitTests,
};

export const QUICK_UNIT_TESTS: Check = {
  ...UNIT_TESTS,
  name: 'unit tests, but for the slow ones',
  args: [...UNIT_TESTS.args, '--exclude', SLOW_TESTS],
};

export const BROWSER_CHECKS: readonly Check[] = [
  {
    name: 'build of the page',
    args: ['vite', 'build', '--config', 'web/vite.config.ts', '--logLevel', 'warn'],
    count: passOrFail,
  },
  // Few tabs, and half of the time they wait: three at once keep two cores busy.
  browserTests('side by side', ['--project=long', '--project=side-by-side', '--workers=3']),
  browserTests('alone', ['--project=alone']),
];

function browserTests(how: string, args: readonly string[]): Check {
  return {
    name: `real-browser tests, ${how}`,
    args: ['playwright', 'test', '--config', 'e2e/playwright.config.ts', ...args],
    count: (result) => countPlaywright(`${ROOT}${playwrightReport}`, result),
  };
}
