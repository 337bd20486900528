import type {webRTC} from '@libp2p/webrtc';
import {WeftError} from '#shared/base/errors.ts';

class WebRtcMissingError extends WeftError<{readonly code: 'WEBRTC_MISSING'}> {
  override readonly name = 'WebRtcMissingError';

  constructor(options?: ErrorOptions) {
    super(
      {code: 'WEBRTC_MISSING'},
      'Cannot join the swarm: this browser has no WebRTC, or it is switched off; allow it, or use another browser',
      options,
    );
  }
}

/**
 * libp2p's WebRTC transport, with dials that do not hang.
 *
 * In @libp2p/webrtc 6.0.33 the dialler waits for its `init` channel to open and
 * then to close, while the listener closes that channel when it sees it. When
 * the listener is quicker, as in one of five dials on loopback, both events are
 * over before the dialler listens, and the dial fails after 6 s.
 *
 * The module takes `RTCPeerConnection` when it is loaded: it gets one whose
 * `init` channel tells late listeners what has already happened.
 *
 * @throws {WebRtcMissingError} when the browser has none, or allows none.
 */
export async function loadWebRtc(): Promise<typeof webRTC> {
  assertWebRtcWorks();
  const Original = globalThis.RTCPeerConnection;
  globalThis.RTCPeerConnection = class extends Original {
    override createDataChannel(label: string, options?: RTCDataChannelInit): RTCDataChannel {
      const channel = super.createDataChannel(label, options);
      if (label === 'init') replayLifeCycle(channel);
      return channel;
    }
  };
  try {
    return (await import('@libp2p/webrtc')).webRTC;
  } finally {
    globalThis.RTCPeerConnection = Original;
  }
}

/** Browsers without WebRTC have no such class; a policy or an extension may make it throw. */
function assertWebRtcWorks(): void {
  try {
    new RTCPeerConnection().close();
  } catch (cause) {
    throw new WebRtcMissingError({cause});
  }
}

/** Whether the channel will not fire this event any more. */
function isOver(channel: RTCDataChannel, type: string): boolean {
  if (type === 'close') return channel.readyState === 'closed';
  return type === 'open' && channel.readyState !== 'connecting';
}

function replayLifeCycle(channel: RTCDataChannel): void {
  const add = channel.addEventListener.bind(channel);
  const addAndReplay: RTCDataChannel['addEventListener'] = (
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: AddEventListenerOptions | boolean,
  ) => {
    add(type, listener, options);
    if (!isOver(channel, type)) return;
    queueMicrotask(() => {
      const event = new Event(type);
      if (typeof listener === 'function') listener.call(channel, event);
      else listener.handleEvent(event);
    });
  };
  channel.addEventListener = addAndReplay;
}
