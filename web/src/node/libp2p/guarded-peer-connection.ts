/**
 * What `@libp2p/webrtc` gets instead of the browser's own classes; the build
 * puts this module in the place of its `webrtc/index.js` (`web/vite.config.ts`).
 *
 * In @libp2p/webrtc 6.0.33 both sides close the channel `init` of a connection:
 * the one who dials waits for its `open` and then for its `close`, and the other
 * closes it as soon as it sees it. When the dialler's page is busy for a few
 * milliseconds, `init` is closed before it looks, and the dial hangs until its
 * time is over. Here only the dialler closes it.
 */
class GuardedPeerConnection extends globalThis.RTCPeerConnection {
  constructor(configuration?: RTCConfiguration) {
    super(configuration);
    this.addEventListener('datachannel', ({channel}) => {
      if (channel.label === 'init') channel.close = () => undefined;
    });
  }
}

export const RTCPeerConnection = GuardedPeerConnection;
export const RTCSessionDescription = globalThis.RTCSessionDescription;
export const RTCIceCandidate = globalThis.RTCIceCandidate;
