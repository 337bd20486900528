import {once} from 'node:events';
import {createServer} from 'node:http';
import {connect} from 'node:net';
import {setImmediate} from 'node:timers/promises';
import {expect, test} from 'vitest';
import {acceptConnections} from './accept-connections.ts';

const HOST = '127.0.0.1';
const CROWD = 400;

test.runIf(process.platform === 'linux')(
  '[SK8] hundreds that connect at once are accepted within a few turns of the event loop',
  async () => {
    const http = createServer();
    const accepting = await acceptConnections(http, {port: 0, host: HOST});
    const accepted: unknown[] = [];
    http.on('connection', (socket) => accepted.push(socket));
    const crowd = Array.from({length: CROWD}, () => connect({host: HOST, port: accepting.port}));
    await Promise.all(crowd.map(async (socket) => once(socket, 'connect')));
    let turns = 0;
    for (; accepted.length < CROWD; turns += 1) await setImmediate();
    expect(turns).toBeLessThan(CROWD / 4);
    for (const socket of crowd) socket.destroy();
    await accepting.close();
  },
);

test('[SK8] whichever socket accepted a connection, its request is served, and closing waits for it', async () => {
  const http = createServer((_, response) => response.end('here'));
  const accepting = await acceptConnections(http, {port: 0, host: HOST});
  const url = `http://${HOST}:${accepting.port}`;
  const asked = Array.from({length: CROWD / 4}, async () => (await fetch(url)).text());
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['here']));
  const closed = accepting.close();
  http.closeAllConnections();
  await closed;
  await expect(fetch(url)).rejects.toThrow('fetch failed');
});
