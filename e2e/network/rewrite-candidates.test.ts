import {expect, test} from 'vitest';
import {rewriteCandidates} from './rewrite-candidates.ts';

const rewrite = (text: string) =>
  rewriteCandidates(text, async ({port}) => ({host: '127.0.0.1', port: port + 1}));

test('[UP4] a candidate of this machine gets an address of the proxy, with all its other fields', async () => {
  const candidate =
    'candidate:842163049 1 udp 1677729535 10.0.0.2 46154 typ host generation 0 ufrag oi8w';
  expect(await rewrite(candidate)).toBe(
    'candidate:842163049 1 udp 1677729535 127.0.0.1 46155 typ host generation 0 ufrag oi8w',
  );
});

test.each([
  ['TCP', 'candidate:1 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active'],
  ['a name', 'candidate:1 1 udp 2113937151 0f9f4d7c-1f1c-4d0e.local 50001 typ host'],
  ['IPv6', 'candidate:1 1 udp 2113937151 ::1 50001 typ host'],
  ['a relay', 'candidate:1 1 udp 41885439 192.0.2.3 50001 typ relay raddr 10.0.0.2 rport 4'],
  ['what nobody can read', 'candidate:1'],
])('[UP4] a candidate with %s is left out', async (_, candidate) => {
  expect(await rewrite(candidate)).toBe('');
});

test('[UP4] in a session description too, of which the rest stays', async () => {
  const lines = [
    'v=0',
    'm=application 9 UDP/DTLS/SCTP webrtc-datachannel',
    'a=candidate:1 1 UDP 2113937151 127.0.0.1 50001 typ host',
    'a=candidate:2 1 tcp 1518280447 127.0.0.1 9 typ host tcptype active',
    'a=ice-ufrag:abcd',
    '',
  ];
  const expected = [
    ...lines.slice(0, 2),
    'a=candidate:1 1 UDP 2113937151 127.0.0.1 50002 typ host',
    ...lines.slice(4),
  ];
  expect(await rewrite(lines.join('\r\n'))).toBe(expected.join('\r\n'));
});
