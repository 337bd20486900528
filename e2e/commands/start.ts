import {WeftError} from '#shared/base/errors.ts';
import {parseConfig} from '../../signal-server/src/config.ts';
import {pathFromCaller} from '../command-line/path-from-caller.ts';
import {buildSite} from '../set-up/build-site.ts';
import {prepareModel} from '../set-up/prepare-model.ts';

const [argument] = process.argv.slice(2);
if (argument !== undefined) {
  const sentence = `"${argument}" is not understood: the server takes environment variables`;
  process.stderr.write(`${sentence}, such as PORT=8080; all of them: signal-server/README.md\n`);
  process.exit(1);
}

const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

// Said before minutes are spent on the page and the model.
try {
  parseConfig(process.env);
} catch (error) {
  if (!(error instanceof WeftError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}

const isSaid = (variable: string): boolean => (process.env[variable] ?? '').trim() !== '';

// An operator may name folders and a file of their own; what is not named is made ready here.
for (const variable of ['STATIC_DIR', 'MODELS_DIR', 'SERVER_KEY_FILE']) {
  if (isSaid(variable))
    process.env[variable] = pathFromCaller((process.env[variable] ?? '').trim());
}
if (!isSaid('STATIC_DIR')) await buildSite({log});
if (!isSaid('MODELS_DIR')) process.env['MODELS_DIR'] = (await prepareModel({log})).modelsDir;
await import('../../signal-server/src/main.ts');
