import {runToExit} from '../command-line/run-to-exit.ts';

await runToExit(
  {
    start: 'npm run check',
    purpose:
      'The inner loop, about a minute on two cores: format, lint, types, dead code, boundaries and ' +
      'the unit tests but for the slow ones (*.slow.test.ts), which npm test runs. Installs what ' +
      'is missing. The last line is "N passed, N failed".',
    operands: null,
    options: {},
  },
  async ({signal}) => {
    const {runQuickChecks} = await import('../test-run/run-all-tests.ts');
    await runQuickChecks(signal);
  },
);
