/// <reference types="node" />
import {spawn} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {fileURLToPath} from 'node:url';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';

const COMMAND = fileURLToPath(new URL('../inspect.ts', import.meta.url));
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-inspect-'));
});
afterAll(async () => {
  await rm(folder, {recursive: true});
});

async function inspect(path: string) {
  const args = ['--no-warnings', COMMAND, path];
  const run = spawn(process.execPath, args, {stdio: ['ignore', 'pipe', 'pipe']});
  const ended = new Promise((resolve) => {
    run.once('close', resolve);
  });
  const [out, error, code] = await Promise.all([text(run.stdout), text(run.stderr), ended]);
  return {out, error, code};
}

test('[IF4] the command prints one JSON document, and exits with 1 for what Weft cannot serve', async () => {
  const sound = join(folder, 'sound.gguf');
  await writeFile(sound, tinyGguf({seed: 1}));
  const served = await inspect(sound);
  expect({code: served.code, error: served.error}).toEqual({code: 0, error: ''});
  expect(JSON.parse(served.out)).toMatchObject({family: 'llama', supported: true, layers: 4});

  const other = join(folder, 'other.gguf');
  const architecture = {value: 'mamba', type: 8};
  await writeFile(other, tinyGguf({seed: 1, metadata: {'general.architecture': architecture}}));
  const refused = await inspect(other);
  expect({code: refused.code, error: refused.error}).toEqual({code: 1, error: ''});
  expect(JSON.parse(refused.out)).toMatchObject({family: 'mamba', supported: false});

  expect(await inspect(join(folder, 'none.gguf'))).toMatchObject({
    code: 1,
    out: '',
    error: expect.stringMatching(/^Cannot read the model file ".*none\.gguf": /u),
  });
});
