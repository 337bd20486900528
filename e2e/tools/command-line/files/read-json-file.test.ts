/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {readJsonFile} from './read-json-file.ts';

test('[CL3] a file that is missing, a folder or no JSON is one sentence with its name', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-json-'));
  const path = join(folder, 'pool.json');
  try {
    await expect(readJsonFile('plan', path)).rejects.toThrow(
      `Cannot plan "${path}": there is no such file`,
    );
    await expect(readJsonFile('plan', folder)).rejects.toThrow(
      `Cannot plan "${folder}": it is a folder, not a file`,
    );
    await writeFile(path, '{\n  "nodes": [}\n');
    await expect(readJsonFile('plan', path)).rejects.toThrow(
      `Cannot plan "${path}": it is not JSON at line 2, column 13: Unexpected token '}'`,
    );
    await writeFile(path, '{"nodes": []}');
    expect(await readJsonFile('plan', path)).toEqual({nodes: []});
  } finally {
    await rm(folder, {recursive: true});
  }
});

test.each([
  ['UTF-8', Buffer.from('\ufeff{"nodes": "ü"}', 'utf8')],
  ['UTF-16', Buffer.from('\ufeff{"nodes": "ü"}', 'utf16le')],
  ['UTF-16, big end first', Buffer.from('\ufeff{"nodes": "ü"}', 'utf16le').swap16()],
])('[CL6] a byte order mark is no part of a file: %s', async (_, bytes) => {
  const folder = await mkdtemp(join(tmpdir(), 'weft-json-'));
  const path = join(folder, 'pool.json');
  try {
    await writeFile(path, bytes);
    expect(await readJsonFile('plan', path)).toEqual({nodes: 'ü'});
  } finally {
    await rm(folder, {recursive: true});
  }
});
