import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Manifest} from '#shared/model/manifest/manifest.ts';
import {runToExit} from '../command-line/run-to-exit.ts';
import {pathFromCaller} from '../command-line/files/path-from-caller.ts';
import {wholeNumber} from '../command-line/whole-number.ts';

/** It is part of addresses and of the names of files. */
const ID = /^[\da-z][\w.-]{0,99}$/iu;
const ID_EXPECTED = 'expected up to 100 letters, digits, ".", "_" or "-", such as my-model-1b';

await runToExit(
  {
    start: 'npm run -s make-manifest',
    purpose:
      'Prints the manifest of a GGUF file, one JSON document, as the catalogue in public/catalog ' +
      'offers it. A model that nobody can chat with is refused.',
    operands: {name: 'FILE.gguf', meaning: 'the model', count: 'one'},
    options: {
      id: {type: 'string', value: 'ID', meaning: 'its id in the catalogue (required)'},
      'cut-every': {
        type: 'string',
        value: 'N',
        meaning: 'layers in a cell, the smallest part that a tab can hold (required)',
      },
      golden: {
        type: 'string',
        value: 'FOLDER',
        meaning:
          'also computes what an engine must give for each part of the model, and writes it there; ' +
          'a site has it in public/catalog/golden, and a tab serves nothing before its own engine gives the same',
      },
      'token-ids': {
        type: 'boolean',
        meaning: 'offers the model for prompts of token ids, with or without a chat template',
      },
    },
  },
  async ({values, positionals: [path = '']}) => {
    const {id = '', 'cut-every': layers, golden: folder} = values;
    if (id === '') throw new Error('--id is missing: the id of the model in the catalogue');
    if (!ID.test(id)) throw new Error(`--id ${JSON.stringify(id)}: ${ID_EXPECTED}`);
    if (layers === undefined) throw new Error('--cut-every is missing: the layers in a cell');
    const cutEvery = wholeNumber('cut-every', layers, 1);
    const prompts = values['token-ids'] === true ? 'token-ids' : 'chat';
    const file = {path: pathFromCaller(path), id, cutEvery, prompts} as const;
    const described = await manifestOf(file);
    const manifest =
      folder === undefined ? described : await writeGolden(file.path, described, folder);
    process.stdout.write(`${JSON.stringify(manifest, null, 2)}\n`);
  },
);

/** @returns the manifest that names what it has written into `folder`. */
async function writeGolden(path: string, described: Manifest, folder: string): Promise<Manifest> {
  const {withGoldenVectors} = await import('../../swarm/golden-of-file.ts');
  process.stderr.write('Computing what an engine must give for each part of the model\n');
  const {manifest, golden} = await withGoldenVectors(path, described);
  const target = pathFromCaller(folder);
  await mkdir(target, {recursive: true});
  await writeFile(join(target, `${manifest.golden}.json`), `${JSON.stringify(golden)}\n`);
  return manifest;
}

async function manifestOf(model: {
  readonly path: string;
  readonly id: string;
  readonly cutEvery: number;
  readonly prompts: 'chat' | 'token-ids';
}) {
  const {manifestOfFile} = await import('../../swarm/manifest-of-file.ts');
  const {TextUnsupportedError} =
    await import('#shared/model/text/metadata/text-unsupported-error.ts');
  return await manifestOfFile(model).catch((error: unknown) => {
    if (!(error instanceof TextUnsupportedError)) throw error;
    throw new Error(`${error.message}; or offer it for token ids only, with --token-ids`, {
      cause: error,
    });
  });
}
