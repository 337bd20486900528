import type {Transport} from '../transport.ts';

/** A transport that does some things otherwise than another, and the rest as that one. */
export function transportWith(transport: Transport, changes: Partial<Transport>): Transport {
  return {
    localPeerId: transport.localPeerId,
    connect: (to, options) => transport.connect(to, options),
    awaitLink: (from, options) => transport.awaitLink(from, options),
    send: (to, frame, options) => transport.send(to, frame, options),
    measureRtt: (to, options) => transport.measureRtt(to, options),
    onFrame: (listener) => transport.onFrame(listener),
    onPeerClosed: (listener) => transport.onPeerClosed(listener),
    traffic: () => transport.traffic(),
    close: () => transport.close(),
    ...changes,
  };
}
