import type {MultiaddrConnection} from '@libp2p/interface';
import {expect, test} from 'vitest';
import {cameAbout} from './came-about.ts';

class PeerConnection extends EventTarget {
  connectionState = 'new';

  become(state: string): void {
    this.connectionState = state;
    this.dispatchEvent(new Event('connectionstatechange'));
  }
}

test('[GD10] a tab that is dialled waits until the connection is there, or has failed', async () => {
  const [there, failed] = [new PeerConnection(), new PeerConnection()];
  const decided: string[] = [];
  const asks = [there, failed].map(async (peerConnection, at) => {
    decided.push(`${at}: ${await cameAbout(over({peerConnection}))}`);
  });
  there.become('connecting');
  await Promise.resolve();
  expect(decided).toEqual([]);
  there.become('connected');
  await asks[0];
  failed.become('failed');
  await asks[1];
  expect(decided).toEqual(['0: true', '1: false']);
  expect(await cameAbout(over({}))).toBe(true);
});

/** What the gater gets of libp2p. */
function over(fields: object): MultiaddrConnection {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- `peerConnection` is all that is looked at.
  return fields as MultiaddrConnection;
}
