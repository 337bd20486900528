import {buildSite} from '../set-up/build-site.ts';
import {prepareModel} from '../set-up/prepare-model.ts';

const log = (line: string): void => {
  process.stderr.write(`${line}\n`);
};

// An operator may name folders of their own; what is not named is made ready here.
if (process.env['STATIC_DIR'] === undefined) await buildSite({log});
process.env['MODELS_DIR'] ??= (await prepareModel({log})).modelsDir;
await import('../../signal-server/src/main.ts');
