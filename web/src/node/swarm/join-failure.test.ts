import {expect, test} from 'vitest';
import {asPeerId, asSwarmId} from '#shared/base/ids.ts';
import {ServerLinkError} from '#shared/transport/server-link/link-error.ts';
import type {ServerLinkState} from '#shared/transport/server-link/server-link.ts';
import {joinFailure} from './join-failure.ts';

const siteUrl = 'https://weft.example/';
const cause = new DOMException('signal timed out', 'TimeoutError');
const serverId = asPeerId('server');
const noSocket = new ServerLinkError(
  {code: 'SERVER_SOCKET_FAILED', serverId},
  'Cannot connect to signal server "server": no WebSocket could be opened',
);
const bootstrap = {
  peerId: serverId,
  addresses: ['/ip4/127.0.0.1/tcp/1/ws'],
  nowMs: 0,
  swarmId: asSwarmId('public'),
  protocolMajor: 2,
  peers: [],
  iceServers: [],
};

const cases: readonly (readonly [string, ServerLinkState | null])[] = [
  ['SERVER_UNREACHABLE', null],
  ['SERVER_UNREACHABLE', {kind: 'connecting', lastCause: new TypeError('Failed to fetch')}],
  ['WEBSOCKET_BLOCKED', {kind: 'connecting', lastCause: noSocket}],
  ['NO_RELAY_PLACE', {kind: 'connected', bootstrap}],
];

test.each(cases)('[JN1] a tab that cannot join says %s by how far it came', (code, state) => {
  const failure = joinFailure({siteUrl, state, cause});
  expect(failure.detail).toEqual({code, siteUrl});
  expect(failure.message).toContain(siteUrl);
});
