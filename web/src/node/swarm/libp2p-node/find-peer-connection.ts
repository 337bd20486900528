import type {Connection} from '@libp2p/interface';

/** Private in libp2p 3.3 and @libp2p/webrtc 6.0: looked for, never relied upon. */
export function findPeerConnection(connection: Connection): RTCPeerConnection | null {
  if (!('muxer' in connection)) return null;
  const {muxer} = connection;
  if (typeof muxer !== 'object' || muxer === null || !('peerConnection' in muxer)) return null;
  return muxer.peerConnection instanceof RTCPeerConnection ? muxer.peerConnection : null;
}
