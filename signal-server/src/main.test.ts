import {chmod, mkdtemp, readdir, readFile, rm, stat, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import process from 'node:process';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {FAILED_EXIT_CODE} from './last-resort.ts';
import {loadServerKey} from './server-key.ts';
import {spawnServer} from './testing/spawn-server.ts';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-key-'));
});
afterEach(async () => {
  await rm(folder, {recursive: true});
});

test('[SS15] a server that was killed comes back under its key', async () => {
  const env = {SERVER_KEY_FILE: join(folder, 'deep', 'key')};
  const first = await spawnServer(env);
  expect((await stat(env.SERVER_KEY_FILE)).mode & 0o777).toBe(0o600);
  first.send('SIGKILL');
  await first.exited;
  const second = await spawnServer(env);
  expect(second.peerId).toBe(first.peerId);
  await second.stop();
  expect(await readdir(join(folder, 'deep'))).toEqual(['key']);
});

test('[SS15] a key is made once, and only its owner may read it', async () => {
  const keyFile = join(folder, 'key');
  const first = await loadServerKey({keyFile});
  expect(await readFile(keyFile, 'utf8')).toBe(`${first.seedHex}\n`);
  await first.release();
  await chmod(keyFile, 0o644);
  const again = await loadServerKey({keyFile});
  expect(again).toMatchObject({seedHex: first.seedHex, lostBecause: null});
  expect((await stat(keyFile)).mode & 0o777).toBe(0o600);
});

test('[SS16] a file that another server uses is refused', async () => {
  const keyFile = join(folder, 'key');
  await writeFile(`${keyFile}.lock`, String(process.ppid));
  await expect(loadServerKey({keyFile})).rejects.toMatchObject({
    detail: {code: 'KEY_FILE_UNUSABLE', reason: `process ${process.ppid} uses it`},
  });
});

test.each([
  ['', 'KEY_FILE_INVALID'],
  ['0a'.repeat(31), 'KEY_FILE_INVALID'],
  ['secret '.repeat(10), 'KEY_FILE_INVALID'],
])(
  '[SS16] a file that holds "%s" is refused in one sentence that does not show it',
  async (text, code) => {
    const keyFile = join(folder, 'key');
    await writeFile(keyFile, text);
    const loaded = loadServerKey({keyFile});
    await expect(loaded).rejects.toMatchObject({
      detail: {code, path: keyFile},
      message: expect.not.stringContaining('secret'),
    });
    expect(await readdir(folder)).toEqual(['key']);
  },
);

test('[SS16] a file that cannot be read or written is refused in one sentence', async () => {
  const beside = join(folder, 'file');
  await writeFile(beside, '');
  const inNoFolder =
    process.platform === 'linux' ? ['/proc/none/key', '/proc/none/at/all/key'] : [];
  for (const keyFile of [folder, join(beside, 'key'), ...inNoFolder]) {
    await expect(loadServerKey({keyFile})).rejects.toMatchObject({
      detail: {code: 'KEY_FILE_UNUSABLE', path: keyFile},
      message: expect.stringContaining('set SERVER_KEY_FILE'),
    });
  }
});

test('[SS16] where nobody named a file and none can be kept, the key lasts as long as the process', async () => {
  const before = process.cwd();
  await writeFile(join(folder, '.weft'), '');
  process.chdir(folder);
  const key = await loadServerKey({keyFile: null}).finally(() => process.chdir(before));
  expect(key.seedHex).toMatch(/^[\da-f]{64}$/u);
  expect(key.lostBecause).toContain('.weft/server-key');
});

test.each([
  ['an error that nobody caught', 'throw new Error("boom")', 'uncaughtException'],
  ['a rejection', 'void Promise.reject(new Error("boom"))', 'unhandledRejection'],
])('[SS17] %s is logged with the counters, and ends the process', async (_what, code, origin) => {
  const trap = `data:text/javascript,process.once("SIGUSR2",()=>{${code}})`;
  const server = await spawnServer({}, ['--import', trap]);
  server.send('SIGUSR2');
  expect(await server.exited).toBe(FAILED_EXIT_CODE);
  const line =
    server
      .output()
      .split('\n')
      .find((text) => text.includes('server-failed')) ?? '{}';
  expect(JSON.parse(line)).toMatchObject({
    level: 'error',
    origin,
    message: 'boom',
    counters: {connections: 0},
  });
});
