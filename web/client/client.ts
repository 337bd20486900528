import type {
  AskOptions,
  createWeft as CreateWeft,
  Weft,
  WeftMessage,
} from '../../public/client.d.ts';
import type {ChatWay} from './chat-way.ts';
import {siteUrlOf} from './site-url.ts';

/**
 * Entry of the client in code: `/client.js`. All else is in files named by their content, and comes
 * with the first question.
 */
const folder = new URL(/* @vite-ignore */ './', import.meta.url).href;

export const createWeft: typeof CreateWeft = ({server, model = ''} = {}): Weft => {
  const serverUrl = server === undefined ? folder : siteUrlOf(server);
  let asking: Promise<ChatWay> | null = null;
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
      throw cause;
    }
  };
  return {
    async *chat(messages: readonly WeftMessage[], options: AskOptions = {}) {
      const way = await open();
      options.signal?.throwIfAborted();
      yield* way.ask(messages, options);
    },
    close: () => {
      void asking?.then(
        (way) => way.close(),
        () => undefined, // It never came to be.
      );
      asking = null;
    },
  };
};
