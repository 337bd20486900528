import {multiaddr, type Multiaddr} from '@multiformats/multiaddr';
import {multiaddrToUri} from '@multiformats/multiaddr-to-uri';
import type {PeerId} from '../../base/ids.ts';
import type {Bootstrap} from '../../protocol/bootstrap.ts';

const PATH = /\/http-path\/[^/]+/u;
const PEER_AT_END = /\/p2p\/[^/]+$/u;

/**
 * Where the sockets of servers are that serve a folder of a site
 * (`/dns/weft.example/tcp/443/tls/ws/http-path/weft%2Flibp2p/p2p/ID`).
 *
 * libp2p's matchers know no `http-path`: with one, nothing is dialled, and no
 * address behind such a relay is one for WebRTC. So addresses go without it, in
 * records too, and whoever opens a socket asks here for its URL.
 */
export class WebSocketPaths {
  readonly #paths = new Map<string, string>();

  /** Notes the paths of all servers. @returns the same servers, at addresses that libp2p takes. */
  learn(bootstrap: Bootstrap): Bootstrap {
    return {
      ...bootstrap,
      ...this.#learnOne(bootstrap),
      peers: bootstrap.peers.map((peer) => this.#learnOne(peer)),
    };
  }

  /** The URL of the socket behind an address that ends in the id of a server. */
  readonly urlOf = (address: Multiaddr): string => {
    const text = address.toString();
    const id = PEER_AT_END.exec(text)?.[0].slice('/p2p/'.length) ?? '';
    const path = this.#paths.get(id);
    if (path === undefined) return multiaddrToUri(address);
    return multiaddrToUri(multiaddr(text.replace(PEER_AT_END, path)));
  };

  #learnOne(server: {readonly peerId: PeerId; readonly addresses: readonly string[]}) {
    const {peerId} = server;
    const [path] = server.addresses.flatMap((text) => PATH.exec(text)?.[0] ?? []);
    if (path === undefined) this.#paths.delete(peerId);
    else this.#paths.set(peerId, path);
    return {peerId, addresses: server.addresses.map((text) => text.replace(PATH, ''))};
  }
}
