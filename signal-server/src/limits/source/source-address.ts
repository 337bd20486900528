import type {IncomingHttpHeaders} from 'node:http';
import {BlockList, isIP} from 'node:net';

/** Where a connection comes from, for limits: the address behind proxies that the operator trusts. */
export type SourceAddress = {
  /** IP address without zone and without IPv4-in-IPv6. */
  readonly ip: string;
  /** What limits count by: an IPv4 address, or an IPv6 network of 64 bits, which one host has for itself. */
  readonly key: string;
};

const UNKNOWN: SourceAddress = {ip: '0.0.0.0', key: 'unknown'};

/** An address, or a network as in `10.0.0.0/8`. */
export function isProxyEntry(entry: string): boolean {
  const [address = '', bits = '0', ...rest] = entry.split('/');
  const version = isIP(address);
  const isLength = /^\d{1,3}$/u.test(bits) && Number(bits) <= (version === 6 ? 128 : 32);
  return version !== 0 && isLength && rest.length === 0;
}

/** @param entries for each of which `isProxyEntry` holds. */
export function parseProxyList(entries: readonly string[]): BlockList {
  const list = new BlockList();
  for (const entry of entries) {
    const [address = '', bits] = entry.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    if (bits === undefined) list.addAddress(address, family);
    else list.addSubnet(address, Number(bits), family);
  }
  return list;
}

/**
 * The address of whoever asks: that of the socket, and when it is a trusted
 * proxy the right-most address in `Forwarded` or `X-Forwarded-For` that is not
 * one. Everything further left was written by strangers.
 */
export function sourceAddress(
  peer: {readonly remoteAddress: string | undefined; readonly headers?: IncomingHttpHeaders},
  trusted: BlockList,
): SourceAddress {
  let source = readAddress(peer.remoteAddress ?? '');
  if (source === null) return UNKNOWN;
  for (const hop of forwardedFor(peer.headers ?? {}).toReversed()) {
    if (!isTrusted(source.ip, trusted)) break;
    const next = readAddress(hop);
    if (next === null) break;
    source = next;
  }
  return source;
}

export function isTrusted(ip: string, trusted: BlockList): boolean {
  return trusted.check(ip, isIP(ip) === 6 ? 'ipv6' : 'ipv4');
}

function forwardedFor(headers: IncomingHttpHeaders): readonly string[] {
  const {forwarded} = headers;
  if (forwarded !== undefined) {
    return forwarded.split(',').map((element) => {
      const pair = element.split(';').find((part) => /^\s*for=/iu.test(part));
      return (pair ?? '').replace(/^\s*for=/iu, '').replaceAll('"', '');
    });
  }
  const list = headers['x-forwarded-for'];
  return (Array.isArray(list) ? list.join(',') : (list ?? '')).split(',').filter(Boolean);
}

/** An IP address as proxies write it, with or without port and brackets. */
function readAddress(text: string): SourceAddress | null {
  const [, bracketed] = /^\[([^\]]+)\](?::\d+)?$/u.exec(text.trim()) ?? [];
  const bare = bracketed ?? text.trim().replace(/^(\d+\.\d+\.\d+\.\d+):\d+$/u, '$1');
  const ip = bare.replace(/%.*$/u, '').replace(/^::ffff:(?=\d+\.)/iu, '');
  const version = isIP(ip);
  if (version === 0) return null;
  return {ip, key: version === 4 ? ip : `${networkOf(ip)}::/64`};
}

/** The first four groups of an IPv6 address. */
function networkOf(ip: string): string {
  const [head = '', tail] = ip.split('::');
  const first = head === '' ? [] : head.split(':');
  const last = tail === undefined || tail === '' ? [] : tail.split(':');
  const zeros = tail === undefined ? 0 : Math.max(0, 8 - first.length - last.length);
  const groups = [...first, ...Array.from({length: zeros}, () => '0'), ...last];
  return groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':');
}
