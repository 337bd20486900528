import {runToExit} from '../command-line/run-to-exit.ts';

await runToExit(
  {
    start: 'npm test',
    purpose:
      'Installs what is missing and runs all checks and tests, those in a real browser too. ' +
      'The last line is "N passed, N failed".',
    operands: null,
    options: {},
  },
  async ({signal}) => {
    const {runAllTests} = await import('../test-run/run-all-tests.ts');
    await runAllTests(signal);
  },
);
