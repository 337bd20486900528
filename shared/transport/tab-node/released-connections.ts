import type {MultiaddrConnection, Transport} from '@libp2p/interface';
import {assert} from '../../base/assert.ts';

/** Of an `RTCPeerConnection`, what keeps its signaling alive. */
type Signaled = {onicecandidate: unknown};

/**
 * libp2p's WebRTC transport, which forgets connections that are closed.
 *
 * @libp2p/webrtc 6.0.33 lets go of a connection at the event `close` of its `RTCPeerConnection`, and no browser
 * sends one: each peer that ever came would stay in memory with its streams, and of the 500 peer connections that
 * Chrome allows a page, closed ones count until they are collected. And on the side that was called, the peer
 * connection holds the relayed connection over which it was signaled.
 */
export function releasedConnections<Components>(
  create: (components: Components) => Transport,
): (components: Components) => Transport {
  return (components) => {
    const transport = create(components);
    assert('_closeOnShutdown' in transport, 'the transport closes what is open when it stops');
    assert('shutdownController' in transport, 'the transport says when it stops');
    const {shutdownController} = transport;
    assert(shutdownController instanceof AbortController, 'it says so by a signal');
    return Object.assign(transport, {
      _closeOnShutdown: (signaled: Signaled, connection: MultiaddrConnection): void => {
        signaled.onicecandidate = null;
        const released = new AbortController();
        const onClose = (): void => {
          released.abort();
        };
        const onShutdown = (): void => {
          connection.close().catch(onClose);
        };
        const {signal} = released;
        shutdownController.signal.addEventListener('abort', onShutdown, {once: true, signal});
        connection.addEventListener('close', onClose, {once: true});
      },
    });
  };
}
