import type {Connection, Stream, Transport} from '@libp2p/interface';
import {assert} from '../../base/assert.ts';
import {asPeerId} from '../../base/ids.ts';
import {isDirectConnection} from '../direct-path.ts';
import type {Acquaintance} from './acquaintance.ts';
import {Allowance} from '../../base/allowance.ts';

/**
 * Each signaling makes an `RTCPeerConnection`, and Chrome has 500 for a page,
 * closed ones counted until they are collected.
 */
const STRANGERS = {perSec: 10, burst: 60};
/** A peer that could not connect tries again over its relayed connection. */
const MAX_TRIES = 3;

type Options = Pick<Acquaintance, 'isKnown'>;

/**
 * The WebRTC transport of a tab, with signaling where it belongs: over relayed
 * connections, a few times on each, and of strangers no more than `STRANGERS`.
 */
export function limitedSignaling<Components>(
  create: (components: Components) => Transport,
  {isKnown}: Options,
): (components: Components) => Transport {
  return (components) => {
    const transport = create(components);
    assert('_onProtocol' in transport, 'the WebRTC transport takes signaling streams');
    const {_onProtocol: onProtocol} = transport;
    assert(typeof onProtocol === 'function', '_onProtocol is a method');
    const strangers = new Allowance(STRANGERS);
    const tries = new WeakMap<Connection, number>();
    const isWelcome = (connection: Connection): boolean => {
      const tried = tries.get(connection) ?? 0;
      if (isDirectConnection(connection) || tried >= MAX_TRIES) return false;
      tries.set(connection, tried + 1);
      const peer = asPeerId(connection.remotePeer.toString());
      return isKnown(peer) || strangers.take(performance.now()) === 0;
    };
    Object.assign(transport, {
      _onProtocol: async (stream: Stream, connection: Connection, ...rest: unknown[]) => {
        if (isWelcome(connection)) await onProtocol.call(transport, stream, connection, ...rest);
        else stream.abort(new Error('No signaling here'));
      },
    });
    return transport;
  };
}
