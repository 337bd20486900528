import type {Connection, Libp2p} from '@libp2p/interface';
import {findPeerConnection} from './find-peer-connection.ts';

/** How long ICE may stay disconnected: a change of network takes about this long to heal. */
const GRACE_MS = 1_500;

/**
 * Ends WebRTC connections whose other side no longer answers.
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
      timer = setTimeout(() => abort(connection), GRACE_MS);
    });
  });
}

function abort(connection: Connection): void {
  connection.abort(new Error(`ICE was disconnected for ${GRACE_MS} ms`));
}
