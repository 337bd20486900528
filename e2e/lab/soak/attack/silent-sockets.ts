import {connect, type Socket} from 'node:net';
import {setTimeout as wait} from 'node:timers/promises';
import type {Attack} from './attack-plan.ts';

const UPGRADE = [
  'GET / HTTP/1.1',
  'Host: x',
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  '\r\n',
].join('\r\n');
const REPLACE_MS = 1_000;
const REPLACED_AT_ONCE = 300;

/** WebSockets that say nothing after their upgrade. What the server ends is opened again, within bounds. */
export const silentSockets: Attack = async ({target, counts, over}) => {
  const open = new Set<Socket>();
  let tried = 0;
  let taken = 0;
  const openOne = (): void => {
    const localAddress = target.silentFrom[tried % target.silentFrom.length];
    tried += 1;
    const socket = connect({host: '127.0.0.1', port: target.port, localAddress});
    open.add(socket);
    socket.once('data', () => {
      taken += 1;
    });
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.write(UPGRADE);
  };
  for (let i = 0; i < counts.silentSockets; i += 1) openOne();
  while (!over.aborted) {
    await wait(REPLACE_MS, undefined, {signal: over}).catch(() => undefined);
    const missing = Math.min(counts.silentSockets - open.size, REPLACED_AT_ONCE);
    for (let i = 0; i < missing && !over.aborted; i += 1) openOne();
  }
  for (const socket of open) socket.destroy();
  return {kind: 'silent sockets', tried, taken};
};
