import {BlockList} from 'node:net';
import type {Connection} from '@libp2p/interface';
import {sourceAddress} from './source-address.ts';

const nobody = new BlockList();

/** What the address of a connection counts as; proxies were looked through when it was made. */
export function sourceKeyOf({remoteAddr}: Pick<Connection, 'remoteAddr'>): string {
  const [host] = remoteAddr.getComponents();
  return sourceAddress({remoteAddress: host?.value}, nobody).key;
}
