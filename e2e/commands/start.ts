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

// An operator may name folders of their own; what is not named is made ready here.
if (process.env['STATIC_DIR'] === undefined) await buildSite({log});
process.env['MODELS_DIR'] ??= (await prepareModel({log})).modelsDir;
await import('../../signal-server/src/main.ts');
