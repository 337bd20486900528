import {spawnSync} from 'node:child_process';
import {mkdtemp, readdir, rm, utimes, writeFile} from 'node:fs/promises';
import {hostname, tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, test} from 'vitest';
import {holdLock} from './hold-lock.ts';

let folder: string;
let path: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-lock-'));
  path = join(folder, 'lock');
});

afterEach(async () => {
  await rm(folder, {recursive: true});
});

test('[LK1] one at a time, and nothing is left behind', async () => {
  let inside = 0;
  let most = 0;
  const work = async (): Promise<void> => {
    inside += 1;
    most = Math.max(most, inside);
    await readdir(folder);
    inside -= 1;
  };
  await Promise.all(Array.from({length: 8}, async () => holdLock({path, pollMs: 1}, work)));
  expect(most).toBe(1);
  expect(await readdir(folder)).toEqual([]);
});

test('[LK1] the lock is released when the work fails', async () => {
  const failing = holdLock({path}, async () => {
    throw new Error('no luck');
  });
  await expect(failing).rejects.toThrow('no luck');
  expect(await readdir(folder)).toEqual([]);
});

test('[LK2] the lock of a process that is gone is taken over', async () => {
  const {pid} = spawnSync(process.execPath, ['--version']);
  await writeFile(path, `${hostname()} ${pid} dead`);
  expect(await holdLock({path, onWait: () => expect.unreachable()}, async () => 'done')).toBe(
    'done',
  );
});

test('[LK2] so is one of another machine that nobody refreshes', async () => {
  await writeFile(path, 'elsewhere 1 silent');
  const longAgo = new Date(Date.now() - 60_000);
  await utimes(path, longAgo, longAgo);
  expect(await holdLock({path}, async () => 'done')).toBe('done');
});

test('[LK3] waiting for a lock is reported once, and can be cancelled', async () => {
  await writeFile(path, `${hostname()} ${process.pid} alive`);
  const stop = new AbortController();
  const waiting = holdLock(
    {path, signal: stop.signal, onWait: () => stop.abort()},
    async () => 'never',
  );
  await expect(waiting).rejects.toMatchObject({name: 'AbortError'});
  expect(await readdir(folder)).toEqual(['lock']);
});
