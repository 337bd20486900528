import {isWeftError} from '#shared/base/errors.ts';
import {PATIENCE} from '#shared/client/download/patience.ts';
import {seedOf, topPOf} from '#shared/client/chat/asked-sampling.ts';
import {ServedWatch} from '#shared/client/chat/not-served-error.ts';
import {createAskingNode} from '../src/app/node/create-asking-node.ts';
import {SharedNodes} from '../src/app/widget/shared-nodes.ts';
import type {ChatWay, AskTarget} from './chat-way.ts';
import {noWeftServer, serverUnreachable} from './client-faults.ts';
import {readQuestion} from './read-question.ts';

/** A program that asks hears soon that nobody is there, and knows itself whether to ask again. */
const BRIEF = {...PATIENCE, quietMs: 2_000};

const nodes = new SharedNodes({
  createNode: async (options) => createAskingNode({...options, patience: BRIEF}),
  pageEvents: globalThis,
  networkTo: () => ({serverState: () => undefined}), // A question says itself why it fails.
});

/** Asks as a node of the swarm, as the widget does: all clients of a page that ask the same model share it. */
export function askSwarm(target: AskTarget): ChatWay {
  const node = nodes.share(target);
  return {
    async *ask(asked, {signal, ...options}) {
      const {messages, maxTokens, temperature, topP, seed} = readQuestion(asked, options);
      const request = {
        prompt: {kind: 'messages', messages},
        maxNewTokens: maxTokens,
        temperature,
        topP: topPOf(topP),
        topK: 0,
        seed: seedOf(seed),
        topLogprobs: 0,
      } as const;
      const abort = new AbortController();
      const either = signal === undefined ? abort.signal : AbortSignal.any([signal, abort.signal]);
      const served = new ServedWatch(() => performance.now());
      let hasBegun = false;
      try {
        for await (const event of node.chat.ask(request, {signal: either})) {
          if (event.kind === 'waiting' && !hasBegun) served.waitsFor(event.missing);
          if (event.kind !== 'token' && event.kind !== 'end') continue;
          hasBegun = true;
          if (event.text !== '') yield event.text;
        }
      } catch (cause) {
        throw faultOf(cause, target.serverUrl);
      } finally {
        abort.abort(); // Also while the node of the page is still joining.
      }
    },
    close: () => {
      node.release();
    },
  };
}

/** What the files of a server say about it: by way of its API, a client hears the same. */
function faultOf(cause: unknown, serverUrl: string): unknown {
  if (!isWeftError(cause)) return cause;
  const {detail} = cause;
  if (detail.code === 'CATALOG_INVALID') return noWeftServer(serverUrl, cause);
  if (detail.code !== 'SITE_UNREACHABLE') return cause;
  const isThere = 'fault' in detail && IS_THERE.has(String(detail.fault));
  return isThere
    ? noWeftServer(serverUrl, cause)
    : serverUnreachable(serverUrl, 'does not answer', cause);
}

/** Faults of a download from whoever has no such file. */
const IS_THERE: ReadonlySet<string> = new Set(['refused', 'login-page', 'wrong-bytes']);
