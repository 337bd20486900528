import type {AnswerEvent, AskRequest, ChatService} from '../../../ports/chat-service.ts';

/** What anybody might ask. */
export const QUESTION: AskRequest = {
  prompt: {kind: 'messages', messages: [{role: 'user', content: 'Who?'}]},
  maxNewTokens: 512,
  temperature: 0.7,
  topK: 0,
  topP: 0.95,
  seed: 1,
  topLogprobs: 0,
};

/** Everything that a service says to a question, in order. */
export async function askForEvents(
  chat: ChatService,
  {
    signal = new AbortController().signal,
    onEvent = () => undefined,
  }: {readonly signal?: AbortSignal; readonly onEvent?: () => void} = {},
): Promise<readonly AnswerEvent[]> {
  const events: AnswerEvent[] = [];
  for await (const event of chat.ask(QUESTION, {signal})) {
    events.push(event);
    onEvent();
  }
  return events;
}
