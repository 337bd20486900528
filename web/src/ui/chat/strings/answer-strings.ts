/** What is written under an answer, in English; a name in braces is replaced. */
export const ENGLISH_ANSWER = {
  youAsked: 'You asked: ',
  stopped: 'You stopped this answer.',
  cut: 'Cut at the longest answer.',
  servedByOne: 'Computed by one browser tab.',
  servedByMany: 'Computed by {count} browser tabs.',
  servedElsewhere: 'Answered by {host}, not by the swarm.',
  hasOtherEngine:
    'Another kind of engine went on after a tab was lost: the rest may differ slightly from what the first would have written.',
  joining: 'Joining the swarm…',
  download: 'Fetching what turns text into tokens…',
  build: 'Reading the words that the model knows…',
  choosing: 'Looking for a chain of tabs…',
  opening: 'Opening the chain…',
  elsewhere: '{host} reads your question…',
  reading: 'The chain reads your question…',
  replacing: 'A tab was lost. Another one takes over…',
  'no-server':
    'The signal server does not answer. This tab tries again every 2 s, and the answer comes then.',
  offline: 'This device is offline. The answer comes by itself when the network is back.',
  'no-node': 'Nobody serves layers {layers} of this model.',
  loading: 'A tab is loading layers {layers} of this model.',
  full: 'The swarm is full: every tab that holds layers {layers} is busy with other answers.',
  'too-small':
    'The tabs that hold layers {layers} have too little room for this question: shorten it.',
  unreachable: 'The tabs that hold layers {layers} cannot reach others that the answer needs.',
  silent: 'No tab that holds layers {layers} answers this device.',
  distrusted: 'The tabs that hold layers {layers} have refused or failed this answer.',
  waits: 'The answer comes by itself when a tab can serve them.',
  waitsFor: 'If no tab can serve them within {seconds} s, the answer ends here.',
  missing: 'Layers that cannot be served now: {layers} of {count}',
  code: 'Code: {code}',
} as const;
