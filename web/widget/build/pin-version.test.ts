/// <reference types="node" />
import {createHash} from 'node:crypto';
import {mkdir, mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {afterEach, beforeEach, expect, test, vi} from 'vitest';
import {build} from 'vite';
import {keepVersions} from './keep-versions.ts';
import {pinVersion, type PinnedVersion} from './pin-version.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-pinned-'));
  await writeFile(join(folder, 'widget.js'), `void import('./more.js');`);
  await mkdir(join(folder, 'last'));
});
afterEach(async () => {
  await rm(folder, {recursive: true});
});

/** Builds a site whose widget loads `code`. @returns what the build says. */
async function buildSite(version: string, code: string, to: string): Promise<string> {
  await writeFile(join(folder, 'more.js'), code);
  const written = vi.spyOn(process.stderr, 'write').mockReturnValue(true);
  await build({
    root: folder,
    base: './',
    configFile: false,
    logLevel: 'silent',
    plugins: [pinVersion({version}), keepVersions({siteDir: join(folder, 'last')})],
    build: {
      outDir: join(folder, to),
      modulePreload: false,
      rolldownOptions: {
        input: {widget: join(folder, 'widget.js')},
        output: {entryFileNames: '[name].js'},
      },
    },
  });
  const output = written.mock.calls.map(([text]) => String(text)).join('');
  written.mockRestore();
  return output;
}

const read = (path: string): Promise<string> => readFile(join(folder, path), 'utf8');

async function readVersion(path: string): Promise<PinnedVersion> {
  return JSON.parse(await read(path));
}

test('[BS5] beside the widget lies the same under its version, with the hash of each of its files', async () => {
  const output = await buildSite('1.2.3', 'export const more = "one";', 'next');
  expect(await read('next/widget@1.2.3.js')).toBe(await read('next/widget.js'));
  const {version, integrity} = await readVersion('next/widget@1.2.3.json');
  expect(version).toBe('1.2.3');
  expect(await read('next/widget.json')).toBe(await read('next/widget@1.2.3.json'));
  const assets = (await readdir(join(folder, 'next/assets'))).map((name) => `assets/${name}`);
  expect(Object.keys(integrity)).toEqual(['widget@1.2.3.js', ...assets]);
  expect(assets).toHaveLength(1);
  for (const [path, hash] of Object.entries(integrity)) {
    const digest = createHash('sha384').update(await read(`next/${path}`));
    expect(hash).toBe(`sha384-${digest.digest('base64')}`);
  }
  expect(output).toBe(`widget@1.2.3.js: ${integrity['widget@1.2.3.js']}\n`);
});

test('[BS5] a build whose scripts import the latest one is refused', async () => {
  await writeFile(
    join(folder, 'widget.js'),
    `import('./more.js').then(globalThis.show);\nexport const shared = globalThis.shared();`,
  );
  const importing = `export {shared as more} from './widget.js';`;
  await expect(buildSite('1.2.3', importing, 'next')).rejects.toThrow(
    /Cannot pin: "assets\/more-[^"]+\.js" imports the latest "widget\.js"/u,
  );
});

test('[BS6] versions of the last site are taken over with all their files', async () => {
  await buildSite('1.2.3', 'export const more = "one";', 'last');
  const {integrity} = await readVersion('last/widget@1.2.3.json');
  await buildSite('1.3.0', 'export const more = "two";', 'next');
  for (const path of Object.keys(integrity)) {
    expect(await read(`next/${path}`)).toBe(await read(`last/${path}`));
  }
  expect(await readVersion('next/widget@1.2.3.json')).toEqual({version: '1.2.3', integrity});
  expect((await readVersion('next/widget@1.3.0.json')).version).toBe('1.3.0');
});

test('[BS6] a version that is not whole in the last site is left out, and named', async () => {
  await buildSite('1.2.3', 'export const more = "one";', 'last');
  await rm(join(folder, 'last/assets'), {recursive: true});
  const output = await buildSite('1.3.0', 'export const more = "two";', 'next');
  expect(output).toContain('Version 1.2.3 of the widget is left out');
  expect(await readdir(join(folder, 'next'))).not.toContain('widget@1.2.3.json');
});

test('[BS6] a version that changes under its number is what the build says', async () => {
  await buildSite('1.2.3', 'export const more = "one";', 'last');
  expect(await buildSite('1.2.3', 'export const more = "one";', 'next')).not.toContain('raise');
  expect(await buildSite('1.2.3', 'export const more = "two";', 'next')).toContain(
    'The widget has changed since the last build of version 1.2.3: pages that pin it refuse it now, so raise "version" in package.json',
  );
});
