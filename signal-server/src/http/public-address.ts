import {isIP} from 'node:net';
import {basePath} from './base-path.ts';

/** The multiaddr of the WebSocket behind an http(s) URL, without the peer id. */
export function publicAddress(url: string): string {
  const {hostname, port, protocol} = new URL(url);
  const isSecure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/gu, '');
  const version = isIP(host);
  const name = version === 0 ? 'dns' : `ip${version}`;
  return `/${name}/${host}/tcp/${port || (isSecure ? 443 : 80)}/${isSecure ? 'tls/ws' : 'ws'}`;
}

/**
 * What the multiaddr of a server in a folder says after `/ws`, empty for a
 * server at the root. The socket has a name of its own in the folder: addresses
 * of sockets cannot end in a slash, and nobody follows a redirect to one.
 */
export function socketPath(publicUrl: string | null): string {
  const base = basePath(publicUrl);
  return base === '/' ? '' : `/http-path/${encodeURIComponent(`${base.slice(1)}libp2p`)}`;
}
