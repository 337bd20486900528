import type {ChatStrings} from '../chat/strings/chat-strings.ts';

/** What the widget says around a conversation, in English; a name in braces is replaced. */
export const ENGLISH_WIDGET = {
  heading: 'Chat',
  open: 'Open the chat',
  close: 'Close',
  welcome: 'Ask anything.',
  trust:
    'Browser tabs of volunteers compute the answers, through {server}. Whoever lends one can read what you write: keep secrets out.',
  trustFallback: 'Where they cannot, {fallback} answers and reads it.',
  short:
    'Nobody serves layers {layers} of the model now. An answer begins by itself when tabs take them.',
  shortAnyhow: 'Too few tabs serve the model now. An answer begins by itself when more do.',
  shortFallback: 'Too few tabs serve the model now: {fallback} answers until more do.',
  offline: '{server} does not answer. This chat tries again every 10 s.',
  offlineFallback: '{server} does not answer: {fallback} answers until it does.',
  lend: 'Lend a tab of yours to this swarm',
} as const;

/** Everything that the widget says, in one language. */
export type WidgetStrings = ChatStrings & Readonly<Record<keyof typeof ENGLISH_WIDGET, string>>;

/** What is not in it is in English. */
export type OwnWidgetStrings = Partial<WidgetStrings>;
