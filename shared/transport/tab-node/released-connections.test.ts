import type {MultiaddrConnection, Transport} from '@libp2p/interface';
import {expect, test} from 'vitest';
import {releasedConnections} from './released-connections.ts';

type Wrapped = {
  _closeOnShutdown(signaled: object, connection: EventTarget): void;
};

/** What the wrapper uses of libp2p's WebRTC transport. */
class WebRtcTransport {
  readonly shutdownController = new AbortController();
  _closeOnShutdown(): void {
    throw new Error('not the one that never lets go');
  }
}

class OpenConnection extends EventTarget implements Pick<MultiaddrConnection, 'close'> {
  closed = 0;
  async close(): Promise<void> {
    this.closed += 1;
  }
}

test('[TR27] a connection that is closed is forgotten; one that is open ends with its transport', () => {
  const inner = new WebRtcTransport();
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the wrapper looks at these two fields only.
  const wrap = releasedConnections(() => inner as unknown as Transport);
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- a private method of libp2p's.
  const transport = wrap({}) as unknown as Wrapped;
  const [gone, open] = [new OpenConnection(), new OpenConnection()];
  const signaled = {onicecandidate: () => undefined};
  // oxlint-disable-next-line eslint/no-underscore-dangle -- as libp2p calls it.
  const opened = transport._closeOnShutdown.bind(transport);
  opened(signaled, gone);
  opened({onicecandidate: null}, open);
  gone.dispatchEvent(new Event('close'));
  inner.shutdownController.abort();
  expect([gone.closed, open.closed]).toEqual([0, 1]);
  expect(signaled.onicecandidate).toBeNull();
});
