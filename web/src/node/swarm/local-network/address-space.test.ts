import {expect, test} from 'vitest';
import {hostOf, isMorePrivate, spaceOfHost} from './address-space.ts';

test.each([
  ['127.0.0.1', 'loopback'],
  ['127.8.8.8', 'loopback'],
  ['[::1]', 'loopback'],
  ['localhost', 'loopback'],
  ['weft.localhost', 'loopback'],
  ['10.1.2.3', 'local'],
  ['172.31.0.1', 'local'],
  ['192.168.178.20', 'local'],
  ['169.254.1.1', 'local'],
  ['[fd00::2]', 'local'],
  ['[fe80::1]', 'local'],
  ['printer.local', 'local'],
  ['weft.example', 'public'],
  ['localhost.example', 'public'],
  ['172.32.0.1', 'public'],
  ['8.8.8.8', 'public'],
  ['[2606:4700::1111]', 'public'],
])('[LO1] %s is %s', (host, space) => {
  expect(spaceOfHost(host)).toBe(space);
});

test('[LO1] the host of a server is that of its address, whatever the address goes on with', () => {
  expect(hostOf('/dns/weft.example/tcp/443/tls/ws/http-path/weft%2Flibp2p')).toBe('weft.example');
  expect(hostOf('/ip6/fd00::2/tcp/80/ws')).toBe('fd00::2');
  expect(hostOf('not an address')).toBe('');
});

test('[LO1] a device is more private than its network, and that than the world', () => {
  expect(isMorePrivate('local', 'public')).toBe(true);
  expect(isMorePrivate('loopback', 'local')).toBe(true);
  expect(isMorePrivate('local', 'local')).toBe(false);
  expect(isMorePrivate('public', 'loopback')).toBe(false);
});
