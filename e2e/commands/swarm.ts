import {pathFromCaller} from '../command-line/path-from-caller.ts';
import {readArguments} from '../command-line/read-arguments.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {runSwarm} from '../load/run-swarm.ts';

const USAGE = 'Usage: npm run swarm -- SCENARIO.json [--report DIR]';

await runToExit(async (signal) => {
  const {values, positionals} = readArguments({
    operands: 'any',
    options: {report: {type: 'string', default: 'report'}},
  });
  const [scenarioPath] = positionals;
  if (scenarioPath === undefined || positionals.length > 1) throw new Error(USAGE);
  await runSwarm({scenarioPath, reportDir: pathFromCaller(values.report), signal});
});
