import type {Connection, Libp2p} from '@libp2p/interface';
import {SilentPeerError} from '#shared/transport/frames/silent-peer-error.ts';
import {findPeerConnection} from './find-peer-connection.ts';

/** How long ICE may stay disconnected: a change of network takes about this long to heal. */
const GRACE_MS = 1_500;
/** No event tells that this side itself has closed a connection, page or browser. */
const LOOK_EVERY_MS = 500;

/**
 * Ends WebRTC connections whose other side no longer answers, or that are closed on either side.
 *
 * ICE checks are answered outside the page's own thread, so a busy tab stays
 * connected; they stop when a tab or its network is gone. The browser says
 * `disconnected` after a few seconds but `failed`, at which libp2p would close
 * the connection, only after 15 (Chromium 156).
 */
export function dropSilentLinks(libp2p: Libp2p): void {
  libp2p.addEventListener('connection:open', ({detail: connection}) => {
    const peerConnection = findPeerConnection(connection);
    if (peerConnection === null) return;
    let timer: ReturnType<typeof setTimeout> | undefined;
    peerConnection.addEventListener('iceconnectionstatechange', () => {
      clearTimeout(timer);
      if (peerConnection.iceConnectionState !== 'disconnected') return;
      timer = setTimeout(
        () => connection.abort(new SilentPeerError(`ICE was disconnected for ${GRACE_MS} ms`)),
        GRACE_MS,
      );
    });
    // Of a connection that the other side closed, Chromium says `connected` until ICE finds out.
    const {sctp} = peerConnection;
    sctp?.addEventListener('statechange', () => {
      if (sctp.state === 'closed') abort(connection, 'The other side closed it');
    });
    const looking = setInterval(() => {
      if (peerConnection.connectionState !== 'closed') return;
      clearInterval(looking);
      abort(connection, 'It was closed on this side');
    }, LOOK_EVERY_MS);
  });
}

function abort(connection: Connection, why: string): void {
  connection.abort(new Error(why));
}
