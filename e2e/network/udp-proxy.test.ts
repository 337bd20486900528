import {createSocket, type Socket} from 'node:dgram';
import {once} from 'node:events';
import {afterEach, expect, test} from 'vitest';
import {QUIET_NETWORK, type NetworkConditions} from './packet-line.ts';
import {UdpProxy, type UdpAddress} from './udp-proxy.ts';

/** A tab with one connection, as the proxy sees it. */
type Peer = {readonly address: UdpAddress; readonly socket: Socket; readonly got: string[]};

const HOST = '127.0.0.1';
const ends: (() => unknown)[] = [];
afterEach(async () => {
  await Promise.all(ends.splice(0).map((end) => end()));
});

async function openPeer(): Promise<Peer> {
  const socket = createSocket('udp4');
  ends.push(() => socket.close());
  const got: string[] = [];
  socket.on('message', (packet, {port}) => got.push(`${packet.toString()} from ${port}`));
  socket.bind(0, HOST);
  await once(socket, 'listening');
  return {address: {host: HOST, port: socket.address().port}, socket, got};
}

function openProxy(conditions: NetworkConditions = QUIET_NETWORK): UdpProxy<Peer> {
  const proxy = new UdpProxy<Peer>(conditions, 1);
  ends.push(() => proxy.close());
  return proxy;
}

const send = ({socket}: Peer, text: string, {host, port}: UdpAddress) => {
  socket.send(text, port, host);
};

test('[UP1] two that hear only of the proxy reach each other', async () => {
  const [a, b] = [await openPeer(), await openPeer()];
  const proxy = openProxy();
  const aliasOfB = await proxy.aliasOf(b.address, a);
  const aliasOfA = await proxy.aliasOf(a.address, b);
  expect(await proxy.aliasOf(b.address, a)).toEqual(aliasOfB);
  send(a, 'hello', aliasOfB);
  await expect.poll(() => b.got).toEqual([`hello from ${aliasOfA.port}`]);
  send(b, 'welcome', aliasOfA);
  await expect.poll(() => a.got).toEqual([`welcome from ${aliasOfB.port}`]);
  expect(proxy.counters).toMatchObject({passedPackets: 2, strangePackets: 0});
  expect(proxy.ports).toEqual([aliasOfB.port, aliasOfA.port]);
});

test('[UP2] a packet of a stranger stops', async () => {
  const [a, b] = [await openPeer(), await openPeer()];
  const proxy = openProxy();
  send(a, 'too early', await proxy.aliasOf(b.address, a));
  await expect.poll(() => proxy.counters.strangePackets).toBe(1);
  expect(b.got).toEqual([]);
});

test('[UP3] between two that are cut off packets vanish, over later addresses too, until they are healed', async () => {
  const [a, b, c, laterA] = [
    await openPeer(),
    await openPeer(),
    await openPeer(),
    await openPeer(),
  ];
  const proxy = openProxy();
  const [fromA, fromB] = [await proxy.aliasOf(b.address, a), await proxy.aliasOf(a.address, b)];
  const heal = proxy.cut(b, a);
  send(a, 'one', fromA);
  send(b, 'two', fromB);
  await expect.poll(() => proxy.counters.cutPackets).toBe(2);
  // The tab of `a` opens another connection to `b`, and one to `c`.
  await proxy.aliasOf(laterA.address, b);
  send(laterA, 'three', await proxy.aliasOf(b.address, a));
  await expect.poll(() => proxy.counters.cutPackets).toBe(3);
  const aliasOfLater = await proxy.aliasOf(laterA.address, c);
  send(laterA, 'four', await proxy.aliasOf(c.address, a));
  await expect.poll(() => c.got).toEqual([`four from ${aliasOfLater.port}`]);
  heal();
  send(a, 'five', fromA);
  await expect.poll(() => b.got).toEqual([`five from ${fromB.port}`]);
});

test('[UP6] all connections from one peer to another share one line, and what its queue cannot hold', async () => {
  const [a, b, secondOfB] = [await openPeer(), await openPeer(), await openPeer()];
  const proxy = openProxy({...QUIET_NETWORK, rateBytesPerSec: 1});
  await proxy.aliasOf(a.address, b);
  const [first, second] = [
    await proxy.aliasOf(b.address, a),
    await proxy.aliasOf(secondOfB.address, a),
  ];
  const half = 'x'.repeat(40_000);
  send(a, half, first);
  send(a, half, second);
  await expect.poll(() => proxy.counters.droppedPackets).toBe(1);
});
