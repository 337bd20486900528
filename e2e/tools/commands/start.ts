import {WeftError} from '#shared/base/errors.ts';
import {parseConfig, settingRows} from '../../../signal-server/src/config.ts';
import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {takeArguments} from '../command-line/take-arguments.ts';

const asked = takeArguments({
  start: 'npm start',
  purpose:
    'Starts the signal server with the page and the model: builds the page unless STATIC_DIR is ' +
    'set, and gets the model unless MODELS_DIR is set. Settings are environment variables, such as ' +
    'PORT=8080 npm start. Logs one JSON object per line.',
  operands: null,
  options: {},
  tables: [{title: 'Environment variables', rows: settingRows()}],
});
if (asked !== null) await start();

async function start(): Promise<void> {
  // Reported before minutes are spent on the page and the model.
  try {
    parseConfig(process.env);
  } catch (error) {
    if (!(error instanceof WeftError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
    return;
  }
  // An operator may name folders and a file of their own; what is not named is prepared here.
  for (const variable of ['STATIC_DIR', 'MODELS_DIR', 'SERVER_KEY_FILE', 'API_KEYS_FILE']) {
    if (isSet(variable)) {
      process.env[variable] = pathFromCaller((process.env[variable] ?? '').trim());
    }
  }
  if (!isSet('STATIC_DIR')) {
    const {buildSite} = await import('../machine/build-site.ts');
    await buildSite({log});
  }
  if (!isSet('MODELS_DIR')) {
    const {prepareModel} = await import('../machine/model-file/prepare-model.ts');
    process.env['MODELS_DIR'] = (await prepareModel({log})).modelsDir;
  }
  await import('../../../signal-server/src/main.ts');
}

function isSet(variable: string): boolean {
  return (process.env[variable] ?? '').trim() !== '';
}

function log(line: string): void {
  process.stderr.write(`${line}\n`);
}
