import {runAllTests} from '../test-run/run-all-tests.ts';
import {runToExit} from './run-to-exit.ts';

await runToExit(runAllTests);
