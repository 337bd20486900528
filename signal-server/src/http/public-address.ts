import {isIP} from 'node:net';

/** The multiaddr of the WebSocket behind an http(s) URL, without the peer id. */
export function publicAddress(url: string): string {
  const {hostname, port, protocol} = new URL(url);
  const isSecure = protocol === 'https:';
  const host = hostname.replace(/^\[|\]$/gu, '');
  const version = isIP(host);
  const name = version === 0 ? 'dns' : `ip${version}`;
  return `/${name}/${host}/tcp/${port || (isSecure ? 443 : 80)}/${isSecure ? 'tls/ws' : 'ws'}`;
}
