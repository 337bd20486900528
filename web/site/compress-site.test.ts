/// <reference types="node" />
import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {brotliDecompressSync, gunzipSync} from 'node:zlib';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {build} from 'vite';
import {compressSite} from './compress-site.ts';
import {swapBuiltSite} from './swap-built-site.ts';

const TEXT = 'a page that shrinks\n'.repeat(100);
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-site-'));
  await writeFile(join(folder, 'index.html'), TEXT);
  await mkdir(join(folder, 'public/sub'), {recursive: true});
  await writeFile(join(folder, 'public/sub/engine.wasm'), TEXT);
  await writeFile(join(folder, 'public/small.txt'), 'fits a packet');
  await writeFile(join(folder, 'public/picture.png'), TEXT);
});

afterEach(async () => {
  await rm(folder, {recursive: true});
});

test('[BS4] text and WebAssembly of a built site are packed beside themselves, down to folders', async () => {
  const plugins = [compressSite(), swapBuiltSite({workDir: join(folder, 'work')})];
  await build({root: folder, configFile: false, logLevel: 'silent', plugins});
  const site = join(folder, 'dist');
  const files = await readdir(site, {recursive: true});
  expect(files.toSorted()).toEqual([
    'index.html',
    'index.html.br',
    'index.html.gz',
    'picture.png',
    'small.txt',
    'sub',
    join('sub', 'engine.wasm'),
    join('sub', 'engine.wasm.br'),
    join('sub', 'engine.wasm.gz'),
  ]);
  for (const name of ['index.html', join('sub', 'engine.wasm')]) {
    const [plain, brotli, gzip] = await Promise.all(
      ['', '.br', '.gz'].map(async (ending) => readFile(join(site, `${name}${ending}`))),
    );
    expect(brotliDecompressSync(brotli ?? '')).toEqual(plain);
    expect(gunzipSync(gzip ?? '')).toEqual(plain);
    expect(brotli?.byteLength).toBeLessThan(TEXT.length / 10);
  }
});
