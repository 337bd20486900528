import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {WebRTC} from '@multiformats/multiaddr-matcher';
import {multiaddr} from '@multiformats/multiaddr';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startSignalServer, type SignalServer} from '../start-signal-server.ts';
import {createTab} from '../testing/create-tab.ts';
import {startPathProxy, type PathProxy} from '../testing/path-proxy.ts';

let folder: string;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'weft-path-'));
  await mkdir(join(folder, 'dist', 'catalog'), {recursive: true});
  await mkdir(join(folder, 'models'));
  await writeFile(join(folder, 'dist', 'index.html'), '<!doctype html>');
  await writeFile(join(folder, 'dist', 'catalog', 'catalog.json'), '[]');
  await writeFile(join(folder, 'models', 'a b.gguf'), 'weights');
});
afterAll(async () => {
  await rm(folder, {recursive: true});
});

async function startBehind(path: string, {keeps}: {readonly keeps: boolean}) {
  const proxy = await startPathProxy(path, {keeps});
  const server = await startSignalServer({
    port: 0,
    staticDir: join(folder, 'dist'),
    modelsDir: join(folder, 'models'),
    publicUrl: proxy.url,
  });
  proxy.forwardTo(server.port);
  return {proxy, server};
}

async function close({proxy, server}: {proxy: PathProxy; server: SignalServer}) {
  await server.close();
  await proxy.close();
}

test.each([
  ['takes it off', '/weft/', false],
  ['passes it on', '/weft/', true],
  ['passes on a deep one with a space', '/a/we%20ft/c/', true],
])(
  '[SS21] in a folder of a site: page, catalogue, models and sockets, behind a proxy that %s',
  async (_, path, keeps) => {
    const behind = await startBehind(path, {keeps});
    const {proxy, server} = behind;
    const read = async (name: string) => (await fetch(new URL(name, proxy.url))).text();
    expect(await read('')).toBe('<!doctype html>');
    expect(await read('catalog/catalog.json')).toBe('[]');
    expect(await read('models/a%20b.gguf')).toBe('weights');
    const tab = await createTab({serverUrl: proxy.url});
    await tab.link.connected;
    await expect.poll(() => tab.addresses()[0]).toContain('/p2p-circuit');
    expect(server.counters()).toMatchObject({connections: 1, reservations: 1});
    // What others dial: libp2p takes it for an address of WebRTC behind a relay.
    const [relayed = ''] = tab.addresses();
    expect(
      WebRTC.exactMatch(multiaddr(relayed.replace('/p2p-circuit', '/p2p-circuit/webrtc'))),
    ).toBe(true);
    await tab.stop();
    await close(behind);
  },
);

test('[SS21] the folder without its slash leads to the folder', async () => {
  const {proxy, server} = await startBehind('/weft/', {keeps: true});
  const direct = await fetch(`${server.url}/weft?model=a`, {redirect: 'manual'});
  expect(direct.status).toBe(308);
  expect(direct.headers.get('Location')).toBe('/weft/?model=a');
  await close({proxy, server});
});
