import {expect, test} from 'vitest';
import {parseProxyList, sourceAddress} from './source-address.ts';

const TRUSTED = parseProxyList(['10.0.0.0/8', '127.0.0.1', 'fd00::/8']);
const ipOf = (remoteAddress: string, headers: Record<string, string> = {}) =>
  sourceAddress({remoteAddress, headers}, TRUSTED).ip;

test.each([
  ['::ffff:192.0.2.1', '192.0.2.1', '192.0.2.1'],
  ['2001:db8::1', '2001:db8::1', '2001:db8:0:0::/64'],
  ['2001:0DB8:0:0:5:6:7:8', '2001:0DB8:0:0:5:6:7:8', '2001:db8:0:0::/64'],
  ['fe80::1%eth0', 'fe80::1', 'fe80:0:0:0::/64'],
  ['::1', '::1', '0:0:0:0::/64'],
])('[LM1] %s counts as one host', (remoteAddress, ip, key) => {
  expect(sourceAddress({remoteAddress}, TRUSTED)).toEqual({ip, key});
});

test('[LM2] a stranger chooses no address: headers count from trusted proxies only', () => {
  expect(ipOf('192.0.2.1', {'x-forwarded-for': '198.51.100.7'})).toBe('192.0.2.1');
  expect(ipOf('10.0.0.1', {'x-forwarded-for': '198.51.100.7'})).toBe('198.51.100.7');
  expect(ipOf('10.0.0.1', {'x-forwarded-for': '1.1.1.1, 198.51.100.7'})).toBe('198.51.100.7');
  expect(ipOf('::ffff:10.0.0.1', {'x-forwarded-for': '198.51.100.7'})).toBe('198.51.100.7');
});

test.each([
  [{'x-forwarded-for': '198.51.100.7, 10.1.1.1, 10.2.2.2'}, '198.51.100.7'],
  [{'x-forwarded-for': '198.51.100.7:4711'}, '198.51.100.7'],
  [{'x-forwarded-for': '[2001:db8::7]:4711'}, '2001:db8::7'],
  [{'x-forwarded-for': '198.51.100.7, unknown'}, '10.0.0.1'],
  [{'x-forwarded-for': ''}, '10.0.0.1'],
  [{forwarded: 'for=1.1.1.1, for="[2001:db8::7]:80";proto=https, for=fd00::1'}, '2001:db8::7'],
  [{forwarded: 'proto=https;For=198.51.100.7;by=10.0.0.1'}, '198.51.100.7'],
  [{forwarded: 'for=_hidden', 'x-forwarded-for': '1.1.1.1'}, '10.0.0.1'],
])('[LM2] behind a trusted proxy the right-most stranger is asked for: %o', (headers, ip) => {
  expect(ipOf('10.0.0.1', headers as Record<string, string>)).toBe(ip);
});

test('[LM2] a socket that has closed has no address and still counts', () => {
  expect(sourceAddress({remoteAddress: undefined}, TRUSTED).key).toBe('unknown');
});
