import {multiaddr} from '@multiformats/multiaddr';
import {expect, test} from 'vitest';
import {isDirectAddress} from './direct-path.ts';

const relay = '/ip4/127.0.0.1/tcp/80/ws/p2p/12D3KooWGC6TvWhfapngX6wvJHMYvKpDMXPb3ZnCZ6dMoaMtimQ5';
const target = '/p2p/12D3KooWD3eckifWpRn9wQpMG9R9hX3sD158z7EqHWmweQAJU5SA';

test.each([
  [`${relay}/p2p-circuit${target}`, false],
  [`${relay}/p2p-circuit/webrtc${target}`, true],
  [`/webrtc${target}`, true],
  [relay, true],
])('[TR17] %s is a direct path: %s', (text, isDirect) => {
  expect(isDirectAddress(multiaddr(text))).toBe(isDirect);
});
