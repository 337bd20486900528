import {createServer, type Server} from 'node:http';
import {connect} from 'node:net';
import {Hono} from 'hono';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {listenOnLoopback} from '#shared/testing/loopback-port.ts';
import type {NodeEnv} from './node-env.ts';
import {requestListener} from './request-listener.ts';

let server: Server;
let port = 0;
const hosts: string[] = [];

beforeAll(async () => {
  const app = new Hono<NodeEnv>();
  app.get('/where', (context) => {
    hosts.push(new URL(context.req.url).host);
    return context.text('here');
  });
  server = createServer(requestListener(app));
  port = await listenOnLoopback(server);
});
afterAll(() => {
  server.close();
});

/** The status line and all that follows, of a request written by hand. */
async function ask(path: string, ...headers: readonly string[]): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  const lines = [`GET ${path} HTTP/1.1`, ...headers, 'Connection: close', '', ''];
  socket.write(lines.join('\r\n'));
  let answer = '';
  for await (const chunk of socket) answer += String(chunk);
  return answer;
}

test.each([
  ['Host: localhost'],
  ['Host: 127.0.0.1:8080'],
  ['Host: [::1]:8080'],
  ['Host: Weft.Example.'],
  ['Host: a_b'],
])('[SS27] %s is a host', async (...headers) => {
  expect(await ask('/where', ...headers)).toMatch(/^HTTP\/1\.1 200 .*here$/su);
});

test.each([
  ['Host:'],
  ['Host: a', 'Host: b'],
  ['Host: a b'],
  ['Host: [::1'],
  ['Host: ::1'],
  ['Host: user@weft.example'],
  ['Host: user:password@weft.example'],
  ['Host: weft.example/'],
  ['Host: weft.example?'],
  ['Host: weft.example#'],
  ['Host: a:99999'],
  ['Host: a:'],
  ['Host: a:b'],
  ['Host: a:0'],
  ['Host: a:00'],
  ['Host: -'],
  ['Host: -a'],
  ['Host: a-.b'],
  ['Host: 999.1.1.1'],
  ['Host: 1.2'],
  ['Host: xn--a'],
  ['Host: a..b'],
  ['Host: a,b'],
  ['Host: %41'],
  ['Host: ä'],
  [`Host: ${'a'.repeat(300)}`],
  ['X-Host: a'],
])('[SS27] %s is not a host: 400, and nothing about the server is revealed', async (...headers) => {
  const answer = await ask('/where', ...headers);
  expect(answer).toMatch(/^HTTP\/1\.1 400 /u);
  expect(answer).not.toMatch(/Error|at .*\.[mt]?js/u);
});

test.each(['http://[::1/', 'ftp://a/', '*', '/\\', 'http://999.1.1.1/where'])(
  '[SS27] %s is no target: 400',
  async (path) => {
    expect(await ask(path, 'Host: a')).toMatch(/^HTTP\/1\.1 400 /u);
  },
);

test('[SS27] a request that was refused never reached the app', () => {
  expect(hosts).toEqual(['localhost', '127.0.0.1:8080', '[::1]:8080', 'weft.example.', 'a_b']);
});
