import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {runToExit} from '../command-line/run-to-exit.ts';

await runToExit(
  {
    start: 'npm run swarm',
    purpose:
      'Runs a scenario with real headless tabs: waits until they cover the model, asks the ' +
      'requests, applies the faults, and writes report.json and report.html. Its last line on ' +
      'standard output is the summary; it exits with 1 when a request failed or an answer was wrong.',
    operands: {
      name: 'SCENARIO.json',
      meaning: 'tabs, requests and faults; every field: README.md, "Load test"',
      count: 'one',
    },
    options: {
      report: {
        type: 'string',
        value: 'DIR',
        default: 'report',
        meaning: 'the folder of the report',
      },
    },
  },
  async ({values, positionals: [scenarioPath = ''], signal}) => {
    const {runSwarm} = await import('../../load/run-swarm.ts');
    await runSwarm({scenarioPath, reportDir: pathFromCaller(values.report), signal});
  },
);
