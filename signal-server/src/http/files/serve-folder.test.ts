import {mkdir, mkdtemp, rm, symlink, utimes, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Hono} from 'hono';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {serveFolder} from './serve-folder.ts';

const BYTES = Uint8Array.from({length: 1000}, (_, index) => index % 251);
const LARGE_BYTES = 1_000_000;
/** Contents by name; the server never looks into what is packed. */
const SITE = {
  'both.js': 'as it is',
  'both.js.br': 'by Brotli',
  'both.js.gz': 'by gzip',
  'one.wasm': 'as it is',
  'one.wasm.gz': 'by gzip',
  'none.svg': 'as it is',
};
let folder: string;
let app: Hono;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-folder-'));
  const models = join(folder, 'models');
  await mkdir(join(models, 'sub'), {recursive: true});
  await writeFile(join(models, 'tiny.gguf'), BYTES);
  await utimes(join(models, 'tiny.gguf'), 1_700_000_000, 1_700_000_000);
  await writeFile(join(models, 'large.gguf'), new Uint8Array(LARGE_BYTES).fill(7));
  await writeFile(join(models, 'empty.gguf'), '');
  await writeFile(join(folder, 'secret.txt'), 'secret');
  await symlink(join(folder, 'secret.txt'), join(models, 'link.gguf'));
  app = new Hono({getPath: ({url}) => new URL(url).pathname});
  app.all('/models/*', serveFolder({folder: models, mountedAt: '/models', isPacked: false}));
  const site = join(folder, 'site');
  await mkdir(site);
  for (const [name, text] of Object.entries(SITE)) await writeFile(join(site, name), text);
  app.all('/site/*', serveFolder({folder: site, mountedAt: '/site', isPacked: true}));
});
afterAll(async () => {
  await rm(folder, {recursive: true});
});

const ask = async (headers: Record<string, string> = {}, name = 'tiny.gguf', method = 'GET') => {
  const response = await app.request(`/models/${name}`, {method, headers});
  const bytes = new Uint8Array(await response.arrayBuffer());
  return {status: response.status, headers: response.headers, bytes};
};

test.each([
  ['page.html', 'text/html; charset=utf-8'],
  ['module.js', 'text/javascript; charset=utf-8'],
  ['style.css', 'text/css; charset=utf-8'],
  ['hashes.json', 'application/json'],
  ['icon.svg', 'image/svg+xml; charset=utf-8'],
  ['engine.wasm', 'application/wasm'],
  ['source.txt', 'text/plain; charset=utf-8'],
  ['client.d.ts', 'text/plain; charset=utf-8'],
  ['model.gguf', 'application/octet-stream'],
])('[SS2] a file has the type of what it is: %s', async (name, type) => {
  await writeFile(join(folder, 'site', name), 'as it is');
  const {headers} = await app.request(`/site/${name}`);
  expect(headers.get('Content-Type')).toBe(type);
});

test('[SS3] a model comes whole, in as many pieces as it takes', async () => {
  const whole = await ask();
  expect(whole.status).toBe(200);
  expect(whole.headers.get('Accept-Ranges')).toBe('bytes');
  expect(whole.headers.get('Content-Length')).toBe('1000');
  expect(whole.bytes).toEqual(BYTES);
  const large = await ask({}, 'large.gguf');
  expect(large.bytes).toHaveLength(LARGE_BYTES);
  expect(large.bytes.every((byte) => byte === 7)).toBe(true);
  const part = await ask({Range: 'bytes=300000-899999'}, 'large.gguf');
  expect(part.bytes).toHaveLength(600_000);
});

test.each([
  ['bytes=10-19', 10, 20],
  ['bytes=0-0', 0, 1],
  ['bytes=999-', 999, 1000],
  ['bytes=990-5000', 990, 1000],
  ['bytes=0-99999999999999999999999999', 0, 1000],
  ['bytes=-5', 995, 1000],
  ['bytes=-5000', 0, 1000],
  ['BYTES=1-2', 1, 3],
  ['bytes= 1-2 , ', 1, 3],
  ['bytes=5000-, 1-2', 1, 3],
])('[SS3] %s is one part', async (range, startByte, endByte) => {
  const {status, headers, bytes} = await ask({Range: range});
  expect(status).toBe(206);
  expect(headers.get('Content-Range')).toBe(`bytes ${startByte}-${endByte - 1}/1000`);
  expect(headers.get('Content-Length')).toBe(String(endByte - startByte));
  expect(bytes).toEqual(BYTES.subarray(startByte, endByte));
});

test.each([
  'items=0-1',
  'bytes',
  'bytes=',
  'bytes=,',
  'bytes=-',
  'bytes=5-2',
  'bytes=a-b',
  'bytes=1-2-3',
  'bytes=--5',
  'bytes=0x1-2',
  'bytes=1.5-2',
  'bytes=1 - 2',
  'bytes=1-2, x',
  'bytes=0-1,5-6',
])('[SS22] "%s" asks for no part: the whole file comes', async (range) => {
  const {status, headers, bytes} = await ask({Range: range});
  expect(status).toBe(200);
  expect(headers.get('Content-Range')).toBeNull();
  expect(bytes).toEqual(BYTES);
});

test.each(['bytes=1000-', 'bytes=5000-6000', 'bytes=-0', 'bytes=99999999999999999999999999-'])(
  '[SS4] "%s" is behind the end: refused with the length of the file',
  async (range) => {
    const {status, headers} = await ask({Range: range});
    expect(status).toBe(416);
    expect(headers.get('Content-Range')).toBe('bytes */1000');
  },
);

test('[SS4] an empty file has no part', async () => {
  expect((await ask({}, 'empty.gguf')).status).toBe(200);
  for (const range of ['bytes=0-', 'bytes=-1']) {
    const {status, headers} = await ask({Range: range}, 'empty.gguf');
    expect(status).toBe(416);
    expect(headers.get('Content-Range')).toBe('bytes */0');
  }
});

test('[SS5] HEAD gives the length of the whole, whatever range is asked for', async () => {
  const {status, headers, bytes} = await ask({Range: 'bytes=0-1'}, 'tiny.gguf', 'HEAD');
  expect(status).toBe(200);
  expect(headers.get('Content-Length')).toBe('1000');
  expect(bytes).toHaveLength(0);
});

test('[SS5] a client that has the file gets 304, by tag before time', async () => {
  const {headers} = await ask();
  const etag = headers.get('ETag') ?? '';
  expect((await ask({Range: 'bytes=0-0'})).headers.get('ETag')).toBe(etag);
  const modified = headers.get('Last-Modified') ?? '';
  expect(modified).toBe('Tue, 14 Nov 2023 22:13:20 GMT');
  const statusOf = async (known: Record<string, string>) => (await ask(known)).status;
  expect(await statusOf({'If-None-Match': etag})).toBe(304);
  expect(await statusOf({'If-None-Match': `"a", W/${etag}`})).toBe(304);
  expect(await statusOf({'If-None-Match': '*'})).toBe(304);
  expect(await statusOf({'If-None-Match': '"a"', 'If-Modified-Since': modified})).toBe(200);
  expect(await statusOf({'If-Modified-Since': modified})).toBe(304);
  expect(await statusOf({'If-Modified-Since': 'Tue, 14 Nov 2023 22:13:19 GMT'})).toBe(200);
  expect(await statusOf({'If-Modified-Since': 'yesterday'})).toBe(200);
});

test('[SS23] only a part of the file that the client knows is sent', async () => {
  const {headers} = await ask();
  const etag = headers.get('ETag') ?? '';
  const statusOf = async (known: string) =>
    (await ask({Range: 'bytes=1-2', 'If-Range': known})).status;
  expect(await statusOf(etag)).toBe(206);
  expect(await statusOf(headers.get('Last-Modified') ?? '')).toBe(206);
  expect(await statusOf(`W/${etag}`)).toBe(200);
  expect(await statusOf('"other"')).toBe(200);
  expect(await statusOf('Tue, 14 Nov 2023 22:13:21 GMT')).toBe(200);
  await writeFile(join(folder, 'models', 'tiny.gguf'), BYTES);
  expect(await statusOf(etag)).toBe(200);
});

test.each([
  'a#b.gguf',
  'a?b.gguf',
  '100%.gguf',
  '%41.gguf',
  'a b+c.gguf',
  'ü–模.gguf',
  "[a]&'=;.gguf",
])('[SS24] a file may be called %s', async (name) => {
  await writeFile(join(folder, 'models', name), name);
  const {status, bytes} = await ask({}, encodeURIComponent(name));
  expect(status).toBe(200);
  expect(new TextDecoder().decode(bytes)).toBe(name);
});

test.each([
  '../secret.txt',
  '%2e%2e/secret.txt',
  '%2e%2e%2fsecret.txt',
  '..%5csecret.txt',
  '/etc/passwd',
  '%2Fetc%2Fpasswd',
  'sub/%2e%2e/%2e%2e/secret.txt',
  'tiny.gguf/',
  'tiny.gguf/x',
  'tiny.gguf%00',
  'sub',
  'sub/',
  '',
  'none.gguf',
  'a'.repeat(5000),
])('[SS7] no file of the folder: %s', async (name) => {
  const {status, bytes} = await ask({}, name);
  expect(status).toBe(404);
  expect(new TextDecoder().decode(bytes)).not.toContain('secret');
});

test.each(['%', '%zz', '%E0%A4', 'a%2'])('[SS25] %s is no path: 400', async (name) => {
  expect((await ask({}, name)).status).toBe(400);
});

test('[SS7] a link that was put into the folder is followed', async () => {
  expect(new TextDecoder().decode((await ask({}, 'link.gguf')).bytes)).toBe('secret');
});

test('[SS30] a file that is being written is not sent, and the client is asked to come again', async () => {
  const writing = new Hono();
  const folderOptions = {folder: join(folder, 'models'), mountedAt: '', isPacked: false};
  writing.all('/*', serveFolder({...folderOptions, tagOf: async () => null}));
  const {status, headers} = await writing.request('/tiny.gguf');
  expect(status).toBe(503);
  expect(headers.get('Retry-After')).toBe('1');
});

test.each(['POST', 'PUT', 'DELETE', 'PATCH'])('[SS26] %s is refused by name', async (method) => {
  const {status, headers} = await ask({}, 'tiny.gguf', method);
  expect(status).toBe(405);
  expect(headers.get('Allow')).toBe('GET, HEAD');
});

const SITE_TYPES = {js: /^text\/javascript/u, wasm: /^application\/wasm$/u, svg: /^image\/svg/u};

test.each([
  ['gzip, deflate, br, zstd', 'both.js', 'by Brotli'],
  ['gzip, deflate', 'both.js', 'by gzip'],
  ['br;q=0, gzip;q=0.2', 'both.js', 'by gzip'],
  ['br;q=0.1, gzip;q=0.2', 'both.js', 'by gzip'],
  ['BR', 'both.js', 'by Brotli'],
  ['*', 'both.js', 'by Brotli'],
  ['*;q=0', 'both.js', 'as it is'],
  ['br, gzip;q=0', 'one.wasm', 'as it is'],
  ['br, gzip', 'one.wasm', 'by gzip'],
  ['br, gzip', 'none.svg', 'as it is'],
  ['identity', 'both.js', 'as it is'],
  ['', 'both.js', 'as it is'],
  [';;,=', 'both.js', 'as it is'],
])('[SS28] with Accept-Encoding "%s", %s comes %s', async (encodings, name, text) => {
  const response = await app.request(`/site/${name}`, {headers: {'Accept-Encoding': encodings}});
  expect(response.status).toBe(200);
  expect(await response.text()).toBe(text);
  const encoding = {'by Brotli': 'br', 'by gzip': 'gzip'}[text] ?? null;
  expect(response.headers.get('Content-Encoding')).toBe(encoding);
  expect(response.headers.get('Content-Length')).toBe(String(text.length));
  expect(response.headers.get('Vary')).toBe('Accept-Encoding');
  const [, ending = ''] = name.split('.');
  expect(response.headers.get('Content-Type')).toMatch(
    Object.entries(SITE_TYPES).find(([type]) => type === ending)?.[1] ?? /^$/u,
  );
});

test('[SS28] what was kept of one form is not taken for another', async () => {
  const tagOf = async (encoding: string) =>
    (await app.request('/site/both.js', {headers: {'Accept-Encoding': encoding}})).headers.get(
      'ETag',
    ) ?? '';
  const tags = [await tagOf('br'), await tagOf('gzip'), await tagOf('identity')];
  expect(new Set(tags).size).toBe(3);
  const again = await app.request('/site/both.js', {
    headers: {'Accept-Encoding': 'br', 'If-None-Match': tags[0] ?? ''},
  });
  expect(again.status).toBe(304);
});
