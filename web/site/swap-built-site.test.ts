/// <reference types="node" />
import {mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {build, type Plugin} from 'vite';
import {swapBuiltSite} from './swap-built-site.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-site-'));
  await mkdir(join(folder, 'dist'));
  await writeFile(join(folder, 'dist/index.html'), 'last');
  await writeFile(join(folder, 'dist/only-last.txt'), 'last');
  await writeFile(join(folder, 'index.html'), 'next');
  await mkdir(join(folder, 'public'));
  await writeFile(join(folder, 'public/icon.svg'), '');
  await mkdir(join(folder, 'work'));
});

afterEach(async () => {
  await rm(folder, {recursive: true});
});

const servedPage = (): Promise<string> => readFile(join(folder, 'dist/index.html'), 'utf8');

async function buildPage(watcher: Plugin | null = null): Promise<void> {
  const plugins = [watcher, swapBuiltSite({workDir: join(folder, 'work')})];
  await build({root: folder, configFile: false, logLevel: 'silent', plugins});
}

test('[BS1] the last site is served until the next one is whole', async () => {
  const seen: string[] = [];
  const look = async (): Promise<void> => void seen.push(await servedPage());
  await buildPage({name: 'watcher', buildStart: look, generateBundle: look});
  expect(seen).toEqual(['last', 'last']);
  expect(await servedPage()).toBe('next');
  expect(await readdir(join(folder, 'dist'))).toEqual(['icon.svg', 'index.html']);
  expect(await readdir(join(folder, 'work'))).toEqual([]);
});

test('[BS2] a build that fails leaves the last site as it is, and nothing beside it', async () => {
  const failing: Plugin = {
    name: 'failing',
    generateBundle: () => {
      throw new Error('No more disk');
    },
  };
  await expect(buildPage(failing)).rejects.toThrow('No more disk');
  expect(await servedPage()).toBe('last');
  expect(await readdir(join(folder, 'work'))).toEqual([]);
});

test('[BS3] a site that is the same leaves the last one where it is', async () => {
  await buildPage();
  const {ino} = await stat(join(folder, 'dist'));
  await buildPage();
  expect((await stat(join(folder, 'dist'))).ino).toBe(ino);
  expect(await readdir(join(folder, 'work'))).toEqual([]);
});

test('[BS3] builds that end at the same time leave a whole site of one of them', async () => {
  let waiting = 0;
  const all = Promise.withResolvers<void>();
  const names = Array.from({length: 8}, (_, i) => `${i}.txt`);
  const ending = (fileName: string): Plugin => ({
    name: 'ending',
    generateBundle() {
      this.emitFile({type: 'asset', fileName, source: fileName});
    },
    async writeBundle() {
      waiting += 1;
      if (waiting === names.length) all.resolve();
      await all.promise;
    },
  });
  await Promise.all(names.map((name) => buildPage(ending(name))));
  const files = await readdir(join(folder, 'dist'));
  expect(files).toHaveLength(3);
  expect(files).toEqual(expect.arrayContaining(['icon.svg', 'index.html']));
  expect(await readdir(join(folder, 'work'))).toEqual([]);
});
