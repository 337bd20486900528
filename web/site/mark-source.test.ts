/// <reference types="node" />
import {mkdir, mkdtemp, rename, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {build, type Plugin} from 'vite';
import {isBuiltFrom, markSource, type Source} from './mark-source.ts';

let folder = '';
let source: Source;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-site-'));
  source = {rootDir: folder, paths: ['web', 'package.json']};
  await mkdir(join(folder, 'web/sub'), {recursive: true});
  await writeFile(join(folder, 'web/index.html'), 'a page');
  await writeFile(join(folder, 'web/sub/part.ts'), 'export {};');
  await writeFile(join(folder, 'package.json'), '{}');
});

afterEach(async () => {
  await rm(folder, {recursive: true});
});

async function buildPage(watcher: Plugin | null = null): Promise<void> {
  const plugins = [watcher, markSource(source)];
  const output = {outDir: join(folder, 'dist'), emptyOutDir: true};
  const root = join(folder, 'web');
  await build({root, build: output, configFile: false, logLevel: 'silent', plugins});
}

const isBuilt = (): Promise<boolean> => isBuiltFrom(join(folder, 'dist'), source);

test('[BS7] a site is known by its source: until a file is altered, renamed, added or removed', async () => {
  expect(await isBuilt()).toBe(false);
  await buildPage();
  expect(await isBuilt()).toBe(true);
  const part = join(folder, 'web/sub/part.ts');
  const renamed = join(folder, 'web/sub/piece.ts');
  const added = join(folder, 'web/added.css');
  for (const [what, change, revert] of [
    ['altered', () => writeFile(part, 'export  {}'), () => writeFile(part, 'export {};')],
    ['renamed', () => rename(part, renamed), () => rename(renamed, part)],
    ['added', () => writeFile(added, ''), () => rm(added)],
    ['removed', () => rm(part), () => writeFile(part, 'export {};')],
  ] as const) {
    await change();
    const isBuiltMeanwhile = await isBuilt();
    await revert();
    expect({what, isBuiltMeanwhile, isBuilt: await isBuilt()}).toEqual({
      what,
      isBuiltMeanwhile: false,
      isBuilt: true,
    });
  }
  await writeFile(join(folder, 'package.json'), '{"version": "2.0.0"}');
  expect(await isBuilt()).toBe(false);
});

test('[BS7] a source that changes during the build is not the one that the site was built from', async () => {
  await buildPage({
    name: 'editor',
    async generateBundle() {
      await writeFile(join(folder, 'web/index.html'), 'another page');
    },
  });
  expect(await isBuilt()).toBe(false);
  await buildPage();
  expect(await isBuilt()).toBe(true);
});
