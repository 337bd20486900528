/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {tinyGguf} from '#shared/testing/tiny-gguf.ts';
import {manifestOfFile} from './manifest-of-file.ts';

async function refused(path: string, reason: string): Promise<void> {
  await expect(manifestOfFile({path, id: 'tiny', cutEvery: 1, prompts: 'chat'})).rejects.toThrow(
    `Cannot read the model file "${path}": ${reason}`,
  );
}

test('[CL3] a model file that is missing, a folder, no GGUF file or cut is named, with what to give', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-model-'));
  const path = join(folder, 'tiny.gguf');
  try {
    await refused(path, 'there is no such file; give the path of a whole GGUF file');
    await refused(folder, 'it is a folder, not a file');
    await refused('/dev/null', 'it is a device, not a file');
    await writeFile(path, 'no model');
    await refused(path, 'it is no GGUF file');
    const model = tinyGguf({seed: 1});
    await writeFile(path, model.subarray(0, model.byteLength - 1));
    await refused(path, 'it ends inside the tensor');
    await writeFile(path, model);
    const {id} = await manifestOfFile({path, id: 'tiny', cutEvery: 1, prompts: 'chat'});
    expect(id).toBe('tiny');
  } finally {
    await rm(folder, {recursive: true});
  }
});
