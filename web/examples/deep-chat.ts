import {DeepChat} from 'deep-chat';
import {createWeft, type WeftMessage} from '../../public/client.js';

/** What deep-chat hands over of a message. */
type Shown = {readonly role?: string; readonly text?: string};

const weft = createWeft();
const chat = document.querySelector('deep-chat');
if (chat instanceof DeepChat) {
  // All that was written so far: an answer knows nothing else.
  chat.requestBodyLimits = {maxMessages: -1};
  chat.connect = {
    stream: true,
    handler: (body, signals) => void answer(body, signals),
  };
}

type Signals = Parameters<NonNullable<NonNullable<DeepChat['connect']>['handler']>>[1];

async function answer({messages}: {readonly messages: readonly Shown[]}, signals: Signals) {
  const stop = new AbortController();
  signals.stopClicked.listener = () => stop.abort();
  signals.onOpen();
  try {
    for await (const text of weft.chat(messages.map(toWeft), {signal: stop.signal})) {
      await signals.onResponse({text});
    }
  } catch (cause) {
    if (!stop.signal.aborted) await signals.onResponse({error: sentenceOf(cause)});
  }
  signals.onClose();
}

function toWeft({role, text = ''}: Shown): WeftMessage {
  return {role: role === 'user' ? 'user' : 'assistant', content: text};
}

/** Errors of the client have a sentence for people. */
function sentenceOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
