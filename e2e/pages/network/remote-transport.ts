import type {Page} from 'playwright';
import {unreachable} from '#shared/base/assert.ts';
import {WeftError} from '#shared/base/errors.ts';
import {asPeerId, type PeerId} from '#shared/base/ids.ts';
import {TransportBase} from '#shared/transport/transport-base.ts';
import type {PeerTraffic, Transport} from '#shared/transport/transport.ts';
import type {Call, NetworkControl, Traffic} from './network-control.ts';

declare const weftNet: NetworkControl;

type Options = {readonly signal: AbortSignal};

let nextCall = 0;

function abortInPage(abort: {readonly callId: number; readonly reason: string}): void {
  weftNet.abort(abort.callId, abort.reason);
}

/**
 * The transport of a real tab, driven from the test's process: the contract
 * suite sees it like any other. A listener's promise holds the frame in the tab.
 */
export class RemoteTransport extends TransportBase implements Transport {
  readonly #page: Page;
  #traffic: readonly PeerTraffic[] = [];

  constructor(page: Page, localPeerId: string) {
    super(asPeerId(localPeerId));
    this.#page = page;
  }

  /** Once per page: how the tab tells of frames and lost links. */
  static async listen(page: Page, current: () => RemoteTransport | null): Promise<void> {
    const onFrame = (from: string, frame: string, traffic: readonly Traffic[]) =>
      current()?.receive(from, frame, traffic);
    await page.exposeFunction('weftFrame', onFrame);
    await page.exposeFunction('weftLost', (peer: string) => current()?.lost(peer));
  }

  async receive(from: string, frame: string, traffic: readonly Traffic[]): Promise<void> {
    this.#take(traffic);
    const bytes = Uint8Array.from(Buffer.from(frame, 'base64'));
    await this.deliver(asPeerId(from), bytes);
  }

  lost(peer: string): void {
    this.linkEnded(asPeerId(peer), 'closed');
  }

  async connect(to: PeerId, options: Options): Promise<void> {
    await this.#call('connect', to, '', options);
  }

  async awaitLink(from: PeerId, options: Options): Promise<void> {
    await this.#call('awaitLink', from, '', options);
  }

  async send(to: PeerId, frame: Uint8Array, options: Options): Promise<void> {
    await this.#call('send', to, Buffer.from(frame).toString('base64'), options);
  }

  async measureRtt(to: PeerId, options: Options): Promise<number> {
    return await this.#call('measureRtt', to, '', options);
  }

  /** As the tab counted it. */
  override traffic(): readonly PeerTraffic[] {
    return this.#traffic;
  }

  async close(): Promise<void> {
    await this.#page.evaluate(() => weftNet.closeTransport());
  }

  async #call(
    method: Call['method'],
    to: PeerId,
    frame: string,
    {signal}: Options,
  ): Promise<number> {
    const id = nextCall++;
    const onAbort = () => {
      const abort = {callId: id, reason: String(signal.reason)};
      void this.#page.evaluate(abortInPage, abort);
    };
    signal.addEventListener('abort', onAbort, {once: true});
    const call: Call = {id, method, to, frame};
    const outcome = await this.#page.evaluate((request) => weftNet.call(request), call);
    signal.removeEventListener('abort', onAbort);
    switch (outcome.kind) {
      case 'done':
        this.#take(outcome.traffic);
        return outcome.value;
      case 'refused':
        throw new WeftError(outcome.detail, `Refused in the tab: ${outcome.sentence}`);
      case 'failed':
        // The contract asks for the very reason of the signal.
        throw outcome.reason;
      default:
        return unreachable(outcome);
    }
  }

  #take(traffic: readonly Traffic[]): void {
    this.#traffic = traffic.map((entry) => ({...entry, peerId: asPeerId(entry.peerId)}));
  }
}
