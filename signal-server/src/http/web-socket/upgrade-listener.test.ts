import {mkdtemp, rm, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {openClient, openServer} from '../../testing/open-client.ts';
import {frame, openRawSocket, upgradeRequest, type RawSocket} from '../../testing/raw-socket.ts';
import type {SignalServer} from '../../start-signal-server.ts';

const LATE_MS = 200;
let server: SignalServer;
/** For tests of what is late; on a busy machine anything may be. */
let impatient: SignalServer;

beforeAll(async () => {
  server = await openServer();
  impatient = await openServer({}, {headersTimeoutMs: LATE_MS, handshakeTimeoutMs: LATE_MS});
});
afterAll(async () => {
  await server.close();
  await impatient.close();
});

const refusals = (reason: string, of = server): number =>
  of.counters().refusals[reason] ?? Number.NaN;

const healthStatus = async (of = server) => (await fetch(`${of.url}/healthz`)).status;

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`;

const FIN_BINARY = 0x82;

test.each([
  ['a reserved opcode', frame(0x83)],
  ['a reserved bit', frame(0xc2, 'x')],
  ['no mask', Uint8Array.of(FIN_BINARY, 1, 0)],
  [
    '8 EiB announced',
    Uint8Array.of(FIN_BINARY, 0xff, 0x7f, ...Array.from({length: 7}, () => 0xff)),
  ],
  ['128 KiB and a byte announced', Uint8Array.of(FIN_BINARY, 0xff, 0, 0, 0, 0, 0, 2, 0, 1)],
  [
    'a length with a leading zero bit missing',
    Uint8Array.of(FIN_BINARY, 0xff, 0x80, 0, 0, 0, 0, 0, 0, 1),
  ],
  ['a continuation of nothing', frame(0x80, 'x')],
  ['a message within a message', [...frame(0x02, 'x'), ...frame(FIN_BINARY, 'x')]],
  ['a ping in two parts', frame(0x09, 'x')],
  ['a close of one byte', frame(0x88, 'x')],
  ['a close with a code that does not exist', frame(0x88, '\x03\xec')],
  ['a close whose reason is not UTF-8', frame(0x88, '\x03\xe8\xff')],
  ['text', frame(0x81, '/multistream/1.0.0\n')],
  ['text that is not UTF-8', frame(0x81, '\xff')],
])('[SK1] %s ends the socket that sent it, and nothing else', async (_what, bytes) => {
  const before = refusals('frame-broken');
  const socket = openRawSocket(server.port);
  socket.write(upgradeRequest());
  await expect.poll(() => socket.received()).toContain('101 Switching Protocols');
  socket.write(Uint8Array.from(bytes));
  await socket.closed;
  await expect.poll(() => refusals('frame-broken')).toBe(before + 1);
  expect(await healthStatus()).toBe(200);
});

test.each([
  ['nothing', ''],
  ['a frame whose rest never comes', Uint8Array.of(FIN_BINARY, 0xfe, 0xff, 0xff, 0, 0, 0, 0, 1)],
  ['a message that is never finished', frame(0x02, 'x')],
  ['empty frames', [...frame(FIN_BINARY), ...frame(FIN_BINARY)]],
  ['a ping', frame(0x89, 'x')],
  ['the first step of the handshake', frame(FIN_BINARY, '\x13/multistream/1.0.0\n')],
])('[SK2] %s after the upgrade costs the socket after a while', async (_what, bytes) => {
  const before = refusals('handshake-late', impatient);
  const socket = openRawSocket(impatient.port);
  socket.write(upgradeRequest());
  await expect.poll(() => socket.received()).toContain('101 Switching Protocols');
  socket.write(typeof bytes === 'string' ? bytes : Uint8Array.from(bytes));
  await socket.closed;
  expect(refusals('handshake-late', impatient)).toBe(before + 1);
});

test('[SK2] what is no libp2p handshake costs the socket', async () => {
  const before = refusals('handshake-failed');
  const socket = openRawSocket(server.port);
  socket.write(upgradeRequest());
  await expect.poll(() => socket.received()).toContain('101 Switching Protocols');
  socket.write(frame(FIN_BINARY, '\xff\xff\xff\x7f'));
  await socket.closed;
  expect(refusals('handshake-failed')).toBe(before + 1);
});

test.each([
  ['no word', '', ''],
  ['half a request', 'GET / HTTP/1.1\r\nHost: x\r\n', '408'],
  ['half an upgrade', upgradeRequest().slice(0, -2), '408'],
  ['half a request after a whole one', 'GET /healthz HTTP/1.1\r\nHost: x\r\n\r\nGET /', '200'],
])('[SK3] %s costs the socket after a while', async (_what, text, answer) => {
  const socket = openRawSocket(impatient.port);
  socket.write(text);
  await socket.closed;
  expect(socket.received()).toContain(answer);
  expect(await healthStatus(impatient)).toBe(200);
});

test('[SK3] one byte at a time does not keep a socket', async () => {
  const socket = openRawSocket(impatient.port);
  const letters = `GET / HTTP/1.1\r\nX: ${'x'.repeat(1_000)}`[Symbol.iterator]();
  const dripping = setInterval(() => socket.write(letters.next().value ?? ''), LATE_MS / 10);
  await socket.closed;
  clearInterval(dripping);
  expect(await healthStatus(impatient)).toBe(200);
});

test.each([
  ['a TLS hello', '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', '400'],
  ['no HTTP', 'HELLO\r\n\r\n', '400'],
  ['headers without end', `GET / HTTP/1.1\r\nX: ${'x'.repeat(20_000)}`, '431'],
  ['another upgrade', upgradeRequest().replace('websocket', 'h2c'), '400'],
  ['an upgrade of another version', upgradeRequest().replace('n: 13', 'n: 99'), '400'],
  ['an upgrade without a key', upgradeRequest().replace(/Sec-WebSocket-Key.*\r\n/u, ''), '400'],
  ['an upgrade by POST', upgradeRequest().replace('GET', 'POST'), '405'],
])('[SK4] %s is answered and closed', async (_what, text, answer) => {
  const socket = openRawSocket(server.port);
  socket.write(text);
  await socket.closed;
  expect(socket.received()).toContain(`HTTP/1.1 ${answer}`);
  expect(await healthStatus()).toBe(200);
});

test('[SK4] a reset in the middle of anything costs its socket only', async () => {
  const parts = ['', 'GET /', upgradeRequest(), `${upgradeRequest()}\x82\xfe`];
  for (const part of parts) {
    const socket = openRawSocket(server.port);
    socket.write(part);
    await expect
      .poll(() => socket.isClosed() || part.length < 9 || socket.received() !== '')
      .toBe(true);
    socket.reset();
    await socket.closed;
  }
  expect(await healthStatus()).toBe(200);
});

test('[SK4] requests that come at once are answered in order', async () => {
  const socket = openRawSocket(server.port);
  socket.write(get('/healthz') + get('/none') + get('/healthz'));
  const statuses = () =>
    [...socket.received().matchAll(/HTTP\/1\.1 (\d+)/gu)].map(([, status]) => status);
  await expect.poll(statuses).toEqual(['200', '404', '200']);
  socket.reset();
});

test('[SK7] a socket full of requests is ended, and none of them is answered', async () => {
  const before = refusals('http-pipelined');
  const socket = openRawSocket(server.port);
  socket.write(get('/healthz').repeat(5_000));
  await socket.closed;
  expect(refusals('http-pipelined')).toBe(before + 1);
  expect(await healthStatus()).toBe(200);
});

test('[SK7] answers that nobody reads make room for those who read', async () => {
  const staticDir = await mkdtemp(join(tmpdir(), 'weft-site-'));
  // Holes only, and more than the buffers of a socket take before its reader stops.
  await writeFile(join(staticDir, 'index.html'), '');
  await writeFile(join(staticDir, 'big.bin'), '');
  await truncate(join(staticDir, 'big.bin'), 2 ** 30);
  const crowded = await openServer({staticDir}, {maxSockets: 4});
  const deaf: RawSocket[] = [];
  for (let index = 0; index < 12; index += 1) {
    const socket = openRawSocket(crowded.port);
    socket.write(get('/big.bin'));
    await expect.poll(() => socket.received()).toContain('200 OK');
    socket.stopReading();
    deaf.push(socket);
  }
  const part = await fetch(`${crowded.url}/big.bin`, {headers: {Range: 'bytes=0-8388607'}});
  expect((await part.arrayBuffer()).byteLength).toBe(8 << 20);
  expect(crowded.counters().refusals['socket-crowded-out']).toBeGreaterThanOrEqual(8);
  for (const socket of deaf) socket.reset();
  await crowded.close();
  await rm(staticDir, {recursive: true});
});

test('[SK5] more silent sockets than there is room for make room for who speaks', async () => {
  const crowded = await openServer({}, {maxSockets: 20});
  const silent = Array.from({length: 100}, (_, index) => {
    const socket = openRawSocket(crowded.port, index % 2 === 0 ? '127.0.0.1' : '127.0.0.2');
    socket.write(upgradeRequest());
    return socket;
  });
  await expect
    .poll(() => silent.filter((socket) => socket.isClosed()).length)
    .toBeGreaterThanOrEqual(80);
  const client = await openClient(crowded);
  expect(client.connection.status).toBe('open');
  expect(silent.filter((socket) => !socket.isClosed()).length).toBeLessThanOrEqual(20);
  expect(crowded.counters().refusals['socket-crowded-out']).toBeGreaterThanOrEqual(80);
  await client.stop();
  await crowded.close();
});
