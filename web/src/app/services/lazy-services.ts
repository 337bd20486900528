import {SharedLoad} from '#shared/base/shared-load.ts';
import type {AnswerEvent, AskRequest, ChatService} from '#shared/client/chat/chat-service.ts';
import type {ChatService as PageChat} from '../../ports/chat-service.ts';
import type {LendService} from '../../ports/lend-service.ts';
import type {LinkReport, LinkService} from '../../ports/link-service.ts';
import type {LabControls} from './lab-controls.ts';
import {LendTab, type StartLending} from './lend-tab.ts';

/** Everything behind the page, whether its code is there yet or not. */
export type Services = Pick<NodeServices, 'links' | 'lab'> & {
  readonly chat: ChatService & Required<Pick<PageChat, 'prepare'>>;
  readonly lendService: LendService;
};

/** What the node of this tab does: loaded at the first click, since most of the code is here. */
export type NodeServices = {
  readonly chat: ChatService;
  readonly startLending: StartLending;
  readonly links: LinkService;
  readonly lab: LabControls;
};

/**
 * Replaces services that are loaded when one of them is first used.
 *
 * @param fetchCode fetches the code of `load`, and does nothing with it.
 */
export function lazyServices(
  load: () => Promise<NodeServices>,
  fetchCode: () => Promise<unknown>,
): Services {
  const node = new SharedLoad(load);
  const loaded = (): Promise<NodeServices> => node.get();
  return {
    chat: {
      ask: (request: AskRequest, options) => lazyAnswer(loaded, request, options.signal),
      prepare: async (onProgress) => {
        await fetchCode();
        // A node that has joined can ask without a server, as soon as it can read and write text.
        if (node.hasBegun) await (await loaded()).lab.prepare(onProgress);
      },
    },
    lendService: new LendTab(async () => (await loaded()).startLending),
    links: {
      report: async (): Promise<readonly LinkReport[]> =>
        node.hasBegun ? (await loaded()).links.report() : [],
    },
    lab: {
      prepare: async () => (await loaded()).lab.prepare(),
      traffic: async () => (await loaded()).lab.traffic(),
      lendLoad: async () => (await loaded()).lab.lendLoad(),
      knownPeers: async () => (await loaded()).lab.knownPeers(),
      knownRecords: async () => (await loaded()).lab.knownRecords(),
      disturbEngine: async (fault) => (await loaded()).lab.disturbEngine(fault),
    },
  };
}

async function* lazyAnswer(
  loaded: () => Promise<NodeServices>,
  request: AskRequest,
  signal: AbortSignal,
): AsyncGenerator<AnswerEvent, void, undefined> {
  const {chat} = await loaded();
  yield* chat.ask(request, {signal});
}
