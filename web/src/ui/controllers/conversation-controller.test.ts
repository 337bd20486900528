import type {ReactiveControllerHost} from 'lit';
import {expect, test} from 'vitest';
import {WeftError} from '#shared/base/errors.ts';
import type {AnswerEvent, AskRequest, ChatService} from '../../ports/chat-service.ts';
import {msPerTokenOf} from './answer-progress.ts';
import {ConversationController} from './conversation-controller.ts';

const HOST: ReactiveControllerHost = {
  addController: () => undefined,
  removeController: () => undefined,
  requestUpdate: () => undefined,
  updateComplete: Promise.resolve(true),
};

const words = (...texts: readonly string[]): readonly AnswerEvent[] => [
  {kind: 'prompt', tokenIds: [1, 2]},
  {kind: 'chain', hops: [], predictedStepMs: 1},
  {kind: 'ready', sessionId: '0123456789abcdef'},
  ...texts.map((text, i): AnswerEvent => ({
    kind: 'token',
    tokenId: i,
    text,
    topLogprobs: [],
    atMs: 10 * i,
  })),
  {kind: 'end', finishReason: 'stop', text: ''},
];

type Script = readonly AnswerEvent[] | Error;

/** Plays one script per question, and keeps what was asked. */
function scripted(scripts: readonly Script[]): ChatService & {readonly asked: AskRequest[]} {
  const asked: AskRequest[] = [];
  return {
    asked,
    async *ask(request, {signal}) {
      const script = scripts[asked.length] ?? [];
      asked.push(request);
      if (script instanceof Error) throw script;
      for (const event of script) {
        await Promise.resolve();
        signal.throwIfAborted();
        yield event;
      }
    },
  };
}

const conversation = (): ConversationController =>
  new ConversationController(HOST, {nowMs: () => 0, isOnline: () => true});

test('[PG9] a second question is sent with the first one and its answer', async () => {
  const chat = scripted([words('Hi', '!'), words('Yes')]);
  const controller = conversation();
  await controller.ask(chat, 'Hello?');
  await controller.ask(chat, 'Really?');
  expect(chat.asked[1]?.prompt).toEqual({
    kind: 'messages',
    messages: [
      {role: 'user', content: 'Hello?'},
      {role: 'assistant', content: 'Hi!'},
      {role: 'user', content: 'Really?'},
    ],
  });
  expect(controller.turns.map(({answer}) => answer.progress.text)).toEqual(['Hi!', 'Yes']);
});

test('[PG10] a failed turn stays on the page, is left out of the prompt and can be asked again', async () => {
  const lost = new WeftError({code: 'PEER_LEFT'}, 'The next hop left; ask again');
  const chat = scripted([lost, words('Here')]);
  const controller = conversation();
  await controller.ask(chat, 'Hello?');
  expect(controller.turns[0]?.answer).toMatchObject({kind: 'failed', failure: {code: 'PEER_LEFT'}});
  await controller.askAgain(chat);
  expect(controller.turns).toHaveLength(1);
  expect(controller.turns[0]?.answer).toMatchObject({kind: 'complete', isStopped: false});
  expect(chat.asked[1]).toEqual(chat.asked[0]);
});

test('[PG11] asking again after a finished answer samples another one', async () => {
  const chat = scripted([words('A'), words('B')]);
  const controller = conversation();
  await controller.ask(chat, 'Hello?');
  await controller.askAgain(chat);
  expect(chat.asked.map(({temperature, seed}) => [temperature > 0, seed])).toEqual([
    [false, 0],
    [true, 1],
  ]);
});

test('[PG12] stop ends the answer, keeps its text and is no failure', async () => {
  const chat = scripted([words('one', ' two', ' three')]);
  const controller = conversation();
  const asking = controller.ask(chat, 'Count');
  while (controller.turns[0]?.answer.progress.text !== 'one') await Promise.resolve();
  controller.stop();
  await asking;
  expect(controller.turns[0]?.answer).toMatchObject({kind: 'complete', isStopped: true});
  expect(controller.turns[0]?.answer.progress.text).toBe('one');
});

test('[PG13] what an abandoned answer still says is not shown', async () => {
  const chat = scripted([words('old')]);
  const controller = conversation();
  const asking = controller.ask(chat, 'Hello?');
  controller.startOver();
  await asking;
  expect(controller.turns).toEqual([]);
});

test('[PG14] speed is the mean between the first and the last token', async () => {
  const chat = scripted([words('a', 'b', 'c')]);
  const controller = conversation();
  await controller.ask(chat, 'Hello?');
  const progress = controller.turns[0]?.answer.progress;
  expect(progress && msPerTokenOf(progress)).toBe(10);
});
