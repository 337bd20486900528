import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import type {Hono} from 'hono';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {asPeerId, asSwarmId} from '#shared/base/ids.ts';
import {bootstrapSchema} from '#shared/protocol/bootstrap.ts';
import {buildRecord} from '#shared/testing/record-builder.ts';
import {sha256} from '#shared/testing/sha256.ts';
import {swarmSummarySchema} from '#shared/protocol/swarm-summary.ts';
import {createApp, type AppOptions} from './app.ts';
import type {NodeEnv} from './http/node-env.ts';
import {summariseSwarm} from './directory/summarise-swarm.ts';

const counters = {
  relayedBytes: 12,
  relayedConnections: 2,
  openRelayedConnections: 1,
  reservations: 3,
  refusedRecords: 0,
  dhtRecords: 4,
  connections: 5,
  directoryReaders: 0,
  gatewayAnswers: 7,
  gatewayWaiting: 8,
  refusals: {'frame-broken': 6},
};
const KEPT = 'public, max-age=31536000, immutable';
const SWARM = summariseSwarm([buildRecord()]);
const MODEL_BYTES = Uint8Array.from({length: 1000}, (_, index) => index % 251);
let folder: string;
let app: Hono<NodeEnv>;

function create(changed: Partial<AppOptions['config']> = {}): Hono<NodeEnv> {
  return createApp({
    config: {
      staticDir: join(folder, 'dist'),
      modelsDir: join(folder, 'models'),
      publicUrl: null,
      embedOrigins: '*',
      iceServers: [{urls: ['stun:a.example']}],
      peers: [],
      turnUrls: [],
      turnSecret: null,
      ...changed,
    },
    now: () => 1234,
    counters: () => counters,
    swarm: () => SWARM,
    gateway: async () => new Response('asked'),
    node: () => ({peerId: asPeerId('12D3KooWX'), swarmId: asSwarmId('public'), protocolMajor: 2}),
  });
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-app-'));
  await mkdir(join(folder, 'dist', 'assets'), {recursive: true});
  await mkdir(join(folder, 'models'));
  await writeFile(join(folder, 'dist', 'index.html'), '<!doctype html>');
  await writeFile(join(folder, 'dist', 'assets', 'ort-1a2b.wasm'), MODEL_BYTES);
  await writeFile(join(folder, 'models', 'tiny.gguf'), MODEL_BYTES);
  await writeFile(join(folder, 'secret.txt'), 'secret');
  app = create();
});
afterAll(async () => {
  await rm(folder, {recursive: true});
});

test('[SS1] the page is cross-origin isolated and under a strict policy', async () => {
  const {status, headers} = await app.request('/');
  expect(status).toBe(200);
  expect(headers.get('Cross-Origin-Opener-Policy')).toBe('same-origin');
  expect(headers.get('Cross-Origin-Embedder-Policy')).toBe('require-corp');
  const policy = headers.get('Content-Security-Policy') ?? '';
  expect(policy).toContain("script-src 'self' 'wasm-unsafe-eval';");
  expect(policy).not.toContain('unsafe-inline');
  const example = (await app.request('/examples/')).headers.get('Content-Security-Policy') ?? '';
  expect(example.replace("style-src 'self' 'unsafe-inline'", "style-src 'self'")).toBe(policy);
  expect(headers.get('Cache-Control')).toBe('no-cache');
});

test('[SS2] hashed files are cached for good, and wasm has its type', async () => {
  const {headers} = await app.request('/assets/ort-1a2b.wasm');
  expect(headers.get('Cache-Control')).toBe(KEPT);
  expect(headers.get('Content-Type')).toBe('application/wasm');
  expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
  const known = {'If-None-Match': headers.get('ETag') ?? ''};
  const again = await app.request('/assets/ort-1a2b.wasm', {headers: known});
  expect(again.status).toBe(304);
  expect(again.headers.get('Cache-Control')).toBe(KEPT);
  const missing = await app.request('/assets/none.js');
  expect(missing.status).toBe(404);
  expect(missing.headers.get('Cache-Control')).toBe('no-cache');
});

/** What the widget on a page of another site reads before and with its first question. */
const READ_BY_WIDGET = [
  '/assets/ort-1a2b.wasm',
  '/catalog/none.json',
  '/models/tiny.gguf',
  '/api/bootstrap',
  '/api/swarm',
];
const LISTED = ['https://blog.example', 'http://127.0.0.1:3000'] as const;

test.each(READ_BY_WIDGET)('[SS6] pages of any site may read %s', async (path) => {
  const {headers} = await app.request(path, {headers: {Origin: 'https://blog.example'}});
  expect(headers.get('Access-Control-Allow-Origin')).toBe('*');
  expect(headers.get('Cross-Origin-Resource-Policy')).toBe('cross-origin');
});

test.each(READ_BY_WIDGET)('[SS6] pages of listed sites only may read %s', async (path) => {
  const listing = create({embedOrigins: LISTED});
  const allowed = async (Origin: string) => {
    const {headers} = await listing.request(path, {headers: {Origin}});
    expect(headers.get('Vary')).toContain('Origin');
    return headers.get('Access-Control-Allow-Origin');
  };
  for (const origin of LISTED) expect(await allowed(origin)).toBe(origin);
  for (const origin of ['https://other.example', 'http://blog.example', 'null', '*']) {
    expect(await allowed(origin)).toBeNull();
  }
});

test('[SS2] a version of the widget is cached for good, and the latest one asked for again', async () => {
  for (const [name, policy] of [
    ['widget@1.2.3.js', KEPT],
    ['widget.js', 'no-cache'],
    ['widget@1.2.3.json', 'no-cache'],
  ] as const) {
    await writeFile(join(folder, 'dist', name), 'export {};');
    const {status, headers} = await app.request(`/${name}`);
    expect(status).toBe(200);
    expect(headers.get('Cache-Control')).toBe(policy);
  }
  const missing = await app.request('/widget@1.2.4.js');
  expect(missing.headers.get('Cache-Control')).toBe('no-cache');
});

test('[SS6] a page of another site may ask for a part of the model that it knows', async () => {
  const ask = async (origin: string) =>
    await create({embedOrigins: LISTED}).request('/models/tiny.gguf', {
      method: 'OPTIONS',
      headers: {
        Origin: origin,
        'Access-Control-Request-Method': 'GET',
        'Access-Control-Request-Headers': 'if-range,range',
      },
    });
  const {status, headers} = await ask(LISTED[0]);
  expect(status).toBe(204);
  expect(headers.get('Access-Control-Allow-Origin')).toBe(LISTED[0]);
  expect(headers.get('Access-Control-Allow-Headers')).toBe('if-range,range');
  expect(
    (await ask('https://other.example')).headers.get('Access-Control-Allow-Origin'),
  ).toBeNull();
});

test.each([
  ['*', "frame-ancestors 'self'"],
  [LISTED, "frame-ancestors 'self' https://blog.example http://127.0.0.1:3000"],
] as const)('[SS29] where %s may embed, the page answers "%s"', async (embedOrigins, directive) => {
  const {headers} = await create({embedOrigins}).request('/');
  const directives = (headers.get('Content-Security-Policy') ?? '').split('; ');
  expect(directives).toContain(directive);
  expect(headers.get('X-Frame-Options')).toBeNull();
});

async function askForModel(query: string, headers: Record<string, string> = {}) {
  const response = await app.request(`/models/changing.gguf${query}`, {headers});
  const etag = response.headers.get('ETag') ?? '';
  return {status: response.status, etag, policy: response.headers.get('Cache-Control')};
}

test('[SS30] a model is tagged by its content, and kept where the address names that', async () => {
  const path = join(folder, 'models', 'changing.gguf');
  const first = await sha256(MODEL_BYTES);
  await writeFile(path, MODEL_BYTES);
  expect((await askForModel('')).etag).toBe(`"${first}"`);
  const named = `?sha256=${first}`;
  expect(await askForModel(named)).toMatchObject({status: 200, policy: KEPT});
  const part = {Range: 'bytes=1-2', 'If-Range': `"${first}"`};
  expect(await askForModel(named, part)).toMatchObject({status: 206, policy: KEPT});
  const known = {'If-None-Match': `"${first}"`};
  expect(await askForModel(named, {...known, ...part})).toMatchObject({status: 304, policy: KEPT});
  expect(await askForModel(named, {Range: 'bytes=5000-'})).toMatchObject({
    status: 416,
    policy: 'no-cache',
  });
  expect(await askForModel('')).toMatchObject({status: 200, policy: 'no-cache'});
  expect(await askForModel('?sha256=')).toMatchObject({status: 200, policy: 'no-cache'});

  await writeFile(path, MODEL_BYTES.toReversed());
  expect(await askForModel(named, part)).toMatchObject({status: 200, policy: 'no-cache'});
  const second = await sha256(MODEL_BYTES.toReversed());
  expect((await askForModel('')).etag).toBe(`"${second}"`);
  expect(await askForModel(named, {...known, ...part})).toMatchObject({
    status: 200,
    policy: 'no-cache',
  });
});

test.each([
  '/models/../secret.txt',
  '/models/%2e%2e/secret.txt',
  '/models/none.gguf',
  '/..%2fsecret.txt',
])('[SS7] nothing outside the folders: %s', async (path) => {
  const response = await app.request(path);
  expect(response.status).toBe(404);
  expect(await response.text()).not.toContain('secret');
});

test.each([
  [null, 'http://127.0.0.1:8123/api/bootstrap', '/ip4/127.0.0.1/tcp/8123/ws/p2p/12D3KooWX'],
  [null, 'http://[::1]:8123/api/bootstrap', '/ip6/::1/tcp/8123/ws/p2p/12D3KooWX'],
  [null, 'http://lab.local/api/bootstrap', '/dns/lab.local/tcp/80/ws/p2p/12D3KooWX'],
  [
    'https://weft.example',
    'http://127.0.0.1/api/bootstrap',
    '/dns/weft.example/tcp/443/tls/ws/p2p/12D3KooWX',
  ],
])('[SS8] tells a tab the address by which it came (%s, %s)', async (publicUrl, url, address) => {
  const response = await create({publicUrl}).request(url);
  expect(response.headers.get('Cache-Control')).toBe('no-store');
  expect(bootstrapSchema.parse(await response.json())).toEqual({
    peerId: '12D3KooWX',
    swarmId: 'public',
    protocolMajor: 2,
    addresses: [address],
    nowMs: 1234,
    peers: [],
    iceServers: [{urls: ['stun:a.example']}],
  });
});

test('[SS9] health, counters and metrics', async () => {
  expect(await (await app.request('/healthz')).json()).toEqual({status: 'ok'});
  expect(await (await app.request('/api/counters')).json()).toEqual(counters);
  const metrics = await (await app.request('/metrics')).text();
  expect(metrics).toContain(
    '# TYPE weft_relayed_bytes_total counter\nweft_relayed_bytes_total 12\n',
  );
  expect(metrics).toContain('weft_connections 5\n');
  expect(metrics).toContain('weft_gateway_waiting_answers 8\n');
  expect(metrics).toContain('weft_refusals_total{reason="frame-broken"} 6\n');
});

test("[GW11] what is below /v1 is the gateway's, for pages of the sites that may embed", async () => {
  const response = await app.request('/v1/models', {headers: {Origin: 'https://blog.example'}});
  expect(await response.text()).toBe('asked');
  expect(response.headers.get('access-control-allow-origin')).toBe('*');
  const preflight = await create({embedOrigins: ['https://shop.example']}).request(
    '/v1/completions',
    {
      method: 'OPTIONS',
      headers: {
        Origin: 'https://shop.example',
        'Access-Control-Request-Method': 'POST',
        'Access-Control-Request-Headers': 'authorization,content-type',
      },
    },
  );
  expect(preflight.headers.get('access-control-allow-origin')).toBe('https://shop.example');
  expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
});

test('[SY3] anybody may read who is there', async () => {
  const response = await app.request('/api/swarm');
  expect(response.headers.get('Cache-Control')).toBe('public, max-age=1');
  expect(swarmSummarySchema.parse(await response.json())).toEqual(SWARM);
});
