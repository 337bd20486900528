import {seedOf, topPOf} from '#shared/client/chat/asked-sampling.ts';
import {ServedWatch} from '#shared/client/chat/not-served-error.ts';
import {createAskingNode} from '../src/app/node/create-asking-node.ts';
import {SharedNodes} from '../src/app/widget/shared-nodes.ts';
import type {ChatWay, AskTarget} from './chat-way.ts';
import {readQuestion} from './read-question.ts';

const nodes = new SharedNodes({
  createNode: createAskingNode,
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
      } finally {
        abort.abort(); // Also while the node of the page is still joining.
      }
    },
    close: () => {
      node.release();
    },
  };
}
