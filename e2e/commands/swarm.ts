import {parseArgs} from 'node:util';
import {runSwarm} from '../load/run-swarm.ts';
import {runToExit} from './run-to-exit.ts';

const USAGE = 'Usage: npm run swarm -- SCENARIO.json [--report DIR]';

await runToExit(async (signal) => {
  const {values, positionals} = parseArgs({
    allowPositionals: true,
    options: {report: {type: 'string', default: 'report'}},
  });
  const [scenarioPath] = positionals;
  if (scenarioPath === undefined || positionals.length > 1) throw new Error(USAGE);
  await runSwarm({scenarioPath, reportDir: values.report, signal});
});
