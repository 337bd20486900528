import type {ReactiveControllerHost} from 'lit';
import {expect, test} from 'vitest';
import {WeftError} from '#shared/base/errors.ts';
import type {AnswerEvent, AskRequest, ChatService} from '../../ports/chat-service.ts';
import {afterEvent, beginAnswer, msPerTokenOf} from './answer-progress.ts';
import {
  ConversationController,
  type ConversationChange,
  type PageFacts,
} from './conversation-controller.ts';

const HOST: ReactiveControllerHost = {
  addController: () => undefined,
  removeController: () => undefined,
  requestUpdate: () => undefined,
  updateComplete: Promise.resolve(true),
};

const words = (...texts: readonly string[]): readonly AnswerEvent[] => [
  {kind: 'prompt', tokenIds: [1, 2]},
  {kind: 'chain', hops: [], predictedStepMs: 1},
  {kind: 'ready', sessionId: '0123456789abcdef', inputFrom: [0]},
  ...texts.map((text, i): AnswerEvent => ({
    kind: 'token',
    tokenId: i,
    text,
    logprob: 0,
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

const conversation = (facts: Partial<PageFacts> = {}): ConversationController =>
  new ConversationController(HOST, {nowMs: () => 0, isOnline: () => true, ...facts});

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

test('[PG58] questions that come during an answer are asked after it, in their order', async () => {
  const chat = scripted([words('A'), words('B'), words('C')]);
  const controller = conversation();
  const asking = ['One', 'Two', 'Three'].map(async (question) => controller.ask(chat, question));
  expect(await Promise.all(asking)).toEqual(['A', 'B', 'C']);
  expect(controller.turns.map(({question}) => question)).toEqual(['One', 'Two', 'Three']);
});

test('[PG58] a question that waits is forgotten with the conversation, and when the page lets go', async () => {
  const chat = scripted([words('A'), words('B'), words('C')]);
  const controller = conversation();
  for (const end of ['startOver', 'hostDisconnected'] as const) {
    const asking = [controller.ask(chat, 'One'), controller.ask(chat, 'Two')];
    controller[end]();
    expect(await Promise.all(asking)).toEqual(['', '']);
  }
  expect(chat.asked).toHaveLength(2);
});

test('[PG14] speed is the mean between the first and the last token', async () => {
  const chat = scripted([words('a', 'b', 'c')]);
  const controller = conversation();
  await controller.ask(chat, 'Hello?');
  const progress = controller.turns[0]?.answer.progress;
  expect(progress && msPerTokenOf(progress)).toBe(10);
});

test('[PG54] an earlier conversation goes on, and what was not answered in it is not sent', async () => {
  const chat = scripted([words('Yes')]);
  const controller = conversation();
  const answered = [
    {role: 'user', content: 'Hello?'},
    {role: 'assistant', content: 'Hi!'},
  ] as const;
  controller.restore([...answered, {role: 'user', content: 'And then?'}]);
  expect(controller.turns.map(({question}) => question)).toEqual(['Hello?', 'And then?']);
  expect(controller.messages).toEqual(answered);
  await controller.ask(chat, 'Really?');
  expect(chat.asked[0]?.prompt).toEqual({
    kind: 'messages',
    messages: [...answered, {role: 'user', content: 'Really?'}],
  });
});

test('[PG55] what the model is to be is sent before the first question', async () => {
  const chat = scripted([words('Ahoy')]);
  const controller = conversation({systemPrompt: () => 'You are a sailor'});
  await controller.ask(chat, 'Hello?');
  expect(chat.asked[0]?.prompt).toMatchObject({
    messages: [
      {role: 'system', content: 'You are a sailor'},
      {role: 'user', content: 'Hello?'},
    ],
  });
});

test('[PG56] whoever listens hears of each question, each piece of text, and how it ended', async () => {
  const changes: string[] = [];
  const onChange = (change: ConversationChange): void => {
    changes.push(`${change.kind} ${'text' in change ? change.text : ''}`.trim());
  };
  const lost = new WeftError({code: 'PEER_LEFT'}, 'The next hop left; ask again');
  const controller = conversation({onChange});
  const chat = scripted([words('one', ' two'), lost]);
  await controller.ask(chat, 'Count');
  await controller.ask(chat, 'Go on');
  const heard = ['asked', 'text one', 'text  two', 'answered one two', 'asked', 'failed'];
  expect(changes).toEqual(heard);
});

test('[PG57] an answer from elsewhere has its author, and no chain', async () => {
  const elsewhere: readonly AnswerEvent[] = [
    ...words().slice(0, 2),
    {kind: 'elsewhere', host: 'llm.example'},
    {kind: 'text', text: 'From elsewhere', atMs: 1},
    {kind: 'end', finishReason: 'stop', text: ''},
  ];
  const controller = conversation();
  await controller.ask(scripted([elsewhere]), 'Who?');
  expect(controller.turns[0]?.answer.progress).toMatchObject({
    text: 'From elsewhere',
    servedElsewhere: 'llm.example',
    hops: [],
  });
});

const chainOn = (engine: string): AnswerEvent => ({
  kind: 'chain',
  hops: [{node: 'a', startLayer: 0, endLayer: 4, engine}],
  predictedStepMs: 1,
});

function stagesOf(events: readonly AnswerEvent[]): readonly string[] {
  let progress = beginAnswer(0);
  return events.map((event) => {
    progress = afterEvent(progress, event);
    return `${progress.stage}${progress.hasOtherEngine ? ', other engine' : ''}`;
  });
}

test('[PG59] an answer that lost a tab says so until it goes on, and whether on another kind of engine', () => {
  const token: AnswerEvent = {
    kind: 'token',
    tokenId: 1,
    text: 'a',
    logprob: 0,
    topLogprobs: [],
    atMs: 0,
  };
  const ready: AnswerEvent = {kind: 'ready', sessionId: '0123456789abcdef', inputFrom: [0]};
  const lost: AnswerEvent = {kind: 'lost', code: 'PEER_LEFT', node: 'a'};
  const begun = [chainOn('wasm'), ready, token];
  const replaced = ['replacing', 'replacing', 'replacing'];
  const expected = ['opening', 'reading', 'writing', ...replaced, 'writing'];
  expect(stagesOf([...begun, lost, chainOn('wasm'), ready, token])).toEqual(expected);
  expect(stagesOf([...begun, lost, chainOn('webgpu'), ready, token]).at(-1)).toBe(
    'writing, other engine',
  );
});

test('[VW4] what turns text into tokens comes and is built, and then the answer goes on', () => {
  const began = beginAnswer(0);
  const coming = afterEvent(began, {kind: 'vocabulary', step: 'download', done: 3, total: 9});
  expect(coming).toMatchObject({stage: 'download', vocabulary: {done: 3, total: 9}});
  const built = afterEvent(coming, {kind: 'vocabulary', step: 'build', done: 1, total: 4});
  expect(built).toMatchObject({stage: 'build', vocabulary: {done: 1, total: 4}});
  const asked = afterEvent(built, {kind: 'prompt', tokenIds: [1, 2]});
  expect(asked).toMatchObject({stage: 'choosing', vocabulary: null, promptTokenCount: 2});
});
