import {MarkdownStream} from '../../../../web/src/ui/chat/markdown/markdown-stream.ts';
import {lineOf} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';

const TOKEN_CHARACTERS = 4;
const LENGTHS = [12_500, 25_000, 50_000, 100_000];
const UNITS: Readonly<Record<string, string>> = {
  paragraphs: `${'The **loom** has `four` frames, and *each* of them lifts some threads. '.repeat(5)}\n\n`,
  'one paragraph': 'The **loom** has `four` frames, and *each* of them lifts some threads. ',
  'one list': '- one **item** of a list\n',
  brackets: '[',
  'closing emphasis': 'a)*',
  'quote marks': '>',
};

/**
 * What the Markdown of an answer costs that comes token by token, in all: the
 * time, compared with that of half the answer (2 when it is linear), and how
 * often each character was read.
 */
export const benchMarkdown: Benchmark = ({print, signal}) => {
  for (const [answer, unit] of Object.entries(UNITS)) {
    let half: number | null = null;
    for (const characters of LENGTHS) {
      signal.throwIfAborted();
      const {tookMs, readings} = feed(unit, characters);
      const name = `markdown, ${answer}, ${characters} characters`;
      const compared = half === null ? {} : {against: half, ratio: tookMs / half};
      print({...lineOf(name, tookMs, 'ms'), ...compared});
      print(lineOf(`${name}, readings of each`, readings, 'readings'));
      half = tookMs;
    }
  }
  return Promise.resolve();
};

function feed(unit: string, characters: number) {
  const text = unit.repeat(Math.ceil(characters / unit.length)).slice(0, characters);
  const stream = new MarkdownStream();
  const startedMs = performance.now();
  for (let end = TOKEN_CHARACTERS; end <= characters; end += TOKEN_CHARACTERS) {
    stream.update(text.slice(0, end));
  }
  const tookMs = performance.now() - startedMs;
  return {tookMs, readings: stream.lexedCharacters / characters};
}
