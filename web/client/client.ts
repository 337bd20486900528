import type {
  AskOptions,
  createWeft as CreateWeft,
  Weft,
  WeftMessage,
} from '../../public/client.d.ts';
import type {ChatWay} from './chat-way.ts';
import {clientClosed, serverUnreachable} from './client-faults.ts';
import {eitherSignal, readObject, readOptions} from './read-options.ts';

/**
 * Entry of the client in code: `/client.js`. All else is in files named by their content, and comes
 * with the first question.
 */
const folder = new URL(/* @vite-ignore */ './', import.meta.url).href;

export const createWeft: typeof CreateWeft = (options): Weft => {
  const {serverUrl, model} = readOptions(options, folder);
  let asking: Promise<ChatWay> | null = null;
  let closing = new AbortController();
  const load = async (): Promise<ChatWay> => {
    // Tabs reach each other by WebRTC only.
    if ('RTCPeerConnection' in globalThis) {
      const {askSwarm} = await import('./ask-swarm.ts');
      return askSwarm({serverUrl, model});
    }
    const {askGateway} = await import('./ask-gateway.ts');
    return askGateway({serverUrl, model});
  };
  const open = async (): Promise<ChatWay> => {
    const loading = (asking ??= load());
    try {
      return await loading;
    } catch (cause) {
      asking = null; // The network may be back with the next question.
      throw serverUnreachable(folder, 'does not answer', cause);
    }
  };
  /** @param closed from when it was asked for: it may be read later. */
  async function* answer(
    messages: readonly WeftMessage[],
    asked: AskOptions | undefined,
    closed: AbortSignal,
  ) {
    const {signal, ...rest} = readObject<AskOptions>('options', asked);
    const either = eitherSignal(closed, signal);
    either.throwIfAborted();
    const way = await open();
    either.throwIfAborted();
    yield* way.ask(messages, {...rest, signal: either});
  }
  return {
    chat: (messages, asked) => answer(messages, asked, closing.signal),
    close: () => {
      closing.abort(clientClosed());
      closing = new AbortController();
      void asking?.then(
        (way) => way.close(),
        () => undefined, // It never came to be.
      );
      asking = null;
    },
  };
};
