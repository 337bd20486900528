/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {readPool} from './read-pool.ts';
import {wholeNumber} from './whole-number.ts';

test('[PF1] a pool file that is missing or broken is one clear sentence', async () => {
  await expect(readPool('plan', [])).rejects.toThrow(
    'Cannot plan: no pool file; npm run -s plan -- POOL.json',
  );
  await expect(readPool('plan', ['a', 'b'])).rejects.toThrow('Cannot plan: 2 pool files');
  await expect(readPool('route', ['/no/such/file'])).rejects.toThrow(
    'Cannot route "/no/such/file": the file cannot be read (ENOENT',
  );
  const folder = await mkdtemp(join(tmpdir(), 'weft-pool-'));
  const path = join(folder, 'pool.json');
  try {
    await writeFile(path, '{"nodes": [');
    await expect(readPool('route', [path])).rejects.toThrow('the file is not JSON');
    await writeFile(path, '{"model": {"layerCount": 0}, "nodes": []}');
    await expect(readPool('route', [path])).rejects.toThrow(/no pool file \(model\.layerCount: /u);
  } finally {
    await rm(folder, {recursive: true});
  }
});

test('[PF2] an option that counts takes whole numbers only', () => {
  expect(wholeNumber('seed', '7', 0)).toBe(7);
  for (const text of ['', 'x', '1.5', '-1', 'NaN', '1e99']) {
    expect(() => wholeNumber('seed', text, 0)).toThrow(
      `--seed must be a whole number from 0, and is "${text}"`,
    );
  }
});
