/// <reference types="node" />
import {spawn} from 'node:child_process';
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {tinyGguf, type MetadataChange} from '#shared/testing/tiny-gguf.ts';

const COMMAND = fileURLToPath(new URL('../make-manifest.ts', import.meta.url));
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-manifest-'));
});
afterAll(async () => {
  await rm(folder, {recursive: true});
});

async function makeManifest(metadata: MetadataChange, ...options: readonly string[]) {
  const path = join(folder, 'model.gguf');
  await writeFile(path, tinyGguf({seed: 1, metadata}));
  const args = ['--no-warnings', COMMAND, path, '--id', 'x', '--cut-every', '1', ...options];
  const run = spawn(process.execPath, args, {stdio: ['ignore', 'pipe', 'pipe']});
  const ended = new Promise((resolve) => {
    run.once('close', resolve);
  });
  const [out, error, code] = await Promise.all([text(run.stdout), text(run.stderr), ended]);
  return {out, error, code};
}

test('[CL3] an id that could not be part of an address is refused', async () => {
  for (const id of ['../x', '.x', 'a b', 'ä', 'x'.repeat(101)]) {
    const {code, out, error} = await makeManifest({}, '--id', id);
    expect({code, out}).toEqual({code: 1, out: ''});
    expect(error).toMatch(/^--id ".*": expected up to 100 letters, digits, .*\n/u);
  }
});

test('[CL3] [MD14] a model that nobody can chat with is refused in one sentence, and made for token ids on request', async () => {
  const speechless = {'tokenizer.chat_template': null};
  expect(await makeManifest(speechless)).toEqual({
    code: 1,
    out: '',
    error:
      'Cannot chat with this model: chat template: the file has none ("tokenizer.chat_template"); ' +
      'take a file with a template that works; or offer it for token ids only, with --token-ids\n',
  });
  const {code, out} = await makeManifest(speechless, '--token-ids');
  expect(code).toBe(0);
  expect(JSON.parse(out)).toMatchObject({id: 'x', text: null});
});

test('[CL3] [PE6] with --golden the manifest names what an engine must give, and the folder has it', async () => {
  const golden = join(folder, 'golden');
  const {code, out} = await makeManifest({}, '--golden', golden);
  expect(code).toBe(0);
  const named: unknown = JSON.parse(out).golden;
  expect(await readdir(golden)).toEqual([`${String(named)}.json`]);
  const vectors = JSON.parse(await readFile(join(golden, `${String(named)}.json`), 'utf8'));
  expect(vectors.cells).toHaveLength(4);
});
