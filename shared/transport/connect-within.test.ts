import {expect, test} from 'vitest';
import {asPeerId, type PeerId} from '../base/ids.ts';
import {untilAborted} from '../base/until-aborted.ts';
import {connectWithin} from './connect-within.ts';
import {linkLost, transportClosed} from './transport.ts';

const PEER = asPeerId('peer');
const never = new AbortController().signal;

/** A link that opens when `attempt` does. */
function linkFrom(attempt: Promise<void>) {
  return {
    connect: async (_: PeerId, {signal}: {readonly signal: AbortSignal}) =>
      untilAborted(attempt, signal),
  };
}

test('[TR25] waits no longer than that for a link, and finds it when the attempt is done', async () => {
  const {promise, resolve} = Promise.withResolvers<void>();
  const transport = linkFrom(promise);
  await expect(connectWithin(transport, PEER, {signal: never, waitMs: 0})).rejects.toMatchObject({
    detail: {code: 'PEER_UNREACHABLE', peerId: PEER, waitedMs: 0},
  });
  resolve();
  await connectWithin(transport, PEER, {signal: never});
});

test('[TR25] a link that fails, and whoever stops, say why themselves', async () => {
  const failed = linkFrom(Promise.reject(linkLost(PEER)));
  await expect(connectWithin(failed, PEER, {signal: never})).rejects.toEqual(linkLost(PEER));
  const stopped = AbortSignal.abort(transportClosed());
  const endless = linkFrom(new Promise(() => undefined));
  await expect(connectWithin(endless, PEER, {signal: stopped})).rejects.toEqual(transportClosed());
});
