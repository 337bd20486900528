/** What the box for questions and its buttons say, in English. */
export const ENGLISH_CONVERSATION = {
  question: 'Your question',
  askFirst: 'Ask anything',
  askNext: 'Go on',
  ask: 'Ask',
  stop: 'Stop',
  tooEarly: 'One answer at a time: stop it, or wait for its end.',
  keys: 'Enter sends, Shift + Enter begins a new line.',
  examples: 'Examples',
  conversation: 'Conversation',
  answer: 'Answer',
  askAgain: 'Ask again',
  startOver: 'New conversation',
  copy: 'Copy',
  copied: 'The answer is in the clipboard.',
  notCopied: 'The browser does not let this page write into the clipboard: select the answer.',
} as const;
