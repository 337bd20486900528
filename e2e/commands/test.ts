import {readArguments} from '../command-line/read-arguments.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {runAllTests} from '../test-run/run-all-tests.ts';

await runToExit(async (signal) => {
  readArguments({operands: 'none', options: {}});
  await runAllTests(signal);
});
