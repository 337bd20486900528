import {mkdtemp, rm, stat, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {sha256} from '#shared/testing/sha256.ts';
import {ContentTags} from './content-tags.ts';

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-tags-'));
});
afterAll(async () => {
  await rm(folder, {recursive: true});
});

async function write(name: string, content: string) {
  const path = join(folder, name);
  await writeFile(path, content);
  return await find(path);
}

async function find(path: string) {
  const {size, mtimeNs} = await stat(path, {bigint: true});
  return {kind: 'file', path, totalBytes: Number(size), modifiedNs: mtimeNs} as const;
}

test('[SS30] a tag is the hash of the content, also of none', async () => {
  const {tagOf} = new ContentTags();
  const hashes = [await sha256('some'), await sha256('')];
  const files = [await write('some', 'some'), await write('none', '')];
  expect(await Promise.all(files.map(tagOf))).toEqual(hashes.map((hash) => `"${hash}"`));
});

test('[SS30] a file is read once for all who ask, and again after it has changed', async () => {
  const {tagOf} = new ContentTags();
  const before = await write('changing', 'one');
  const tag = `"${await sha256('one')}"`;
  expect(await Promise.all([tagOf(before), tagOf(before)])).toEqual([tag, tag]);
  // Nobody looks again at what is known: the file says something else by now.
  const after = await write('changing', 'other');
  expect(await tagOf(before)).toBe(tag);
  expect(await tagOf(after)).toBe(`"${await sha256('other')}"`);
});

test('[SS30] a file that changes while it is being read has no tag, and none becomes known', async () => {
  const {tagOf} = new ContentTags();
  const first = await write('growing', 'one');
  const reading = tagOf(first);
  expect(await tagOf({...first, totalBytes: 4})).toBeNull();
  await reading;
  const last = await find(first.path);
  expect(await tagOf({...last, totalBytes: 9})).toBeNull();
  await truncate(first.path, 1);
  expect(await tagOf(await find(first.path))).toBe(`"${await sha256('o')}"`);
});
