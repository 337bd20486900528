import type {MultiaddrConnection} from '@libp2p/interface';

/** Of an `RTCPeerConnection`, whether it is there. */
type Connecting = EventTarget & {readonly connectionState: string};

/**
 * Whether the WebRTC connection under `connection` is there, as soon as that is decided; libp2p waits for it no
 * longer than for an upgrade.
 *
 * @libp2p/webrtc 6.0.33, at the node that is dialled, takes the end of signaling for the beginning of a connection.
 * But signaling also ends with a dialler that was closed in the middle of it, and Chromium's connection, which never
 * hears of an address, then stays `new` for ever: open, as far as libp2p knows, and chosen for the next stream.
 */
export async function cameAbout(connection: MultiaddrConnection): Promise<boolean> {
  const connecting = connectingUnder(connection);
  if (connecting === null) return true;
  for (;;) {
    const {connectionState} = connecting;
    if (connectionState === 'connected') return true;
    if (connectionState === 'failed' || connectionState === 'closed') return false;
    await new Promise((resolve) => {
      connecting.addEventListener('connectionstatechange', resolve, {once: true});
    });
  }
}

/** Private in @libp2p/webrtc 6.0: looked for, never relied upon. */
function connectingUnder(connection: MultiaddrConnection): Connecting | null {
  if (!('peerConnection' in connection)) return null;
  const {peerConnection} = connection;
  return isConnecting(peerConnection) ? peerConnection : null;
}

function isConnecting(value: unknown): value is Connecting {
  return value instanceof EventTarget && 'connectionState' in value;
}
