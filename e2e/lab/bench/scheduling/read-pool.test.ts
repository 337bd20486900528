/// <reference types="node" />
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {readPool} from './read-pool.ts';

test('[PF1] a pool file that is missing or broken is one clear sentence', async () => {
  await expect(readPool('route', '/no/such/file')).rejects.toThrow(
    'Cannot route "/no/such/file": there is no such file',
  );
  const folder = await mkdtemp(join(tmpdir(), 'weft-pool-'));
  const path = join(folder, 'pool.json');
  try {
    await writeFile(path, '{"nodes": [');
    await expect(readPool('route', path)).rejects.toThrow('it is not JSON at line 1, column 12');
    await writeFile(path, '{"model": {"layerCount": 0}, "nodes": []}');
    await expect(readPool('route', path)).rejects.toThrow(/no pool file \(model\.layerCount: /u);
  } finally {
    await rm(folder, {recursive: true});
  }
});
