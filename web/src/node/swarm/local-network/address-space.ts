import {getNetConfig, ipPortToMultiaddr, isLoopback, isPrivate} from '@libp2p/utils';
import {multiaddr, type Multiaddr} from '@multiformats/multiaddr';

/** From where a host can be reached: everywhere, in its own network, on its own device. */
export type AddressSpace = 'public' | 'local' | 'loopback';

const FROM_PUBLIC_INWARDS: readonly AddressSpace[] = ['public', 'local', 'loopback'];

export function isMorePrivate(space: AddressSpace, than: AddressSpace): boolean {
  return FROM_PUBLIC_INWARDS.indexOf(space) > FROM_PUBLIC_INWARDS.indexOf(than);
}

/**
 * By what a host says of itself. Where any other name leads, only the browser knows: it counts
 * as public, as almost all do.
 *
 * @param host as in a URL: a name, an IPv4 address, or an IPv6 address with or without brackets.
 */
export function spaceOfHost(host: string): AddressSpace {
  if (/(?:^|\.)localhost$/u.test(host)) return 'loopback';
  if (host.endsWith('.local')) return 'local';
  const address = addressOfIp(host.replace(/^\[(.*)\]$/u, '$1'));
  if (address === null) return 'public';
  if (isLoopback(address)) return 'loopback';
  return isPrivate(address) ? 'local' : 'public';
}

/** @returns the host of an address such as `/dns/weft.example/tcp/443/tls/ws`; empty where there is none. */
export function hostOf(address: string): string {
  try {
    return getNetConfig(multiaddr(address)).host;
  } catch {
    return '';
  }
}

/** @returns `null` for a name. */
function addressOfIp(ip: string): Multiaddr | null {
  try {
    return ipPortToMultiaddr(ip, 1);
  } catch {
    return null;
  }
}
