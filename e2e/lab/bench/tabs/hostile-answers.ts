import type {Page} from 'playwright';
import {assert} from '#shared/base/assert.ts';
import {HOSTILE_ANSWERS} from '../../../pages/widget-hosts/hostile-answers.ts';
import {serveCompletions} from '../../../pages/widget-hosts/serve-completions.ts';
import {serveHostPages} from '../../../pages/widget-hosts/serve-host-pages.ts';
import {startTinySwarm} from '../../../swarm/start-tiny-swarm.ts';
import {lineOf} from '../bench-line.ts';
import type {Benchmark} from '../benchmark.ts';
import {MainThread} from './main-thread.ts';

/** A person who types notices what lasts longer. */
const ALLOWED_MS = 50;
/** What a model writes at a time; the whole answer is laid out again however little comes. */
const PIECE_CHARACTERS = 16;
/** As much as a widget shows of one answer. */
const ANSWER_CHARACTERS = 32_000;

/** Many small parts of one answer: each that comes could lay out, or restyle, all those before. */
const CROWDED = [
  {begin: '```\n', part: 'a = b;\n'},
  {begin: '| a | b | c |\n| - | - | - |\n', part: '| 1 | two | 3 |\n'},
  {begin: '', part: '- one **item**\n'},
  {begin: '', part: '# A heading\n\nA paragraph.\n\n'},
].map(({begin, part}) => begin + part.repeat(ANSWER_CHARACTERS / part.length));

const ANSWERS = [...HOSTILE_ANSWERS, ...CROWDED];

/** The longest task of a page whose widget shows answers that mean harm, each in a conversation of its own. */
export const benchHostileAnswers: Benchmark = async ({print, log, signal}) => {
  const {swarm, stop} = await startTinySwarm({delaysWasmTiering: false});
  const site = await serveHostPages(swarm.server.url);
  const completions = await serveCompletions((message) => ANSWERS[Number(message)] ?? 'Yes', {
    pieceCharacters: PIECE_CHARACTERS,
  });
  try {
    const page = await swarm.openPage('', {url: `${site.url}plain.html`});
    await openWith(page, completions.url);
    await ask(page, 'Are you there?');
    const longestMs: number[] = [];
    for (const [at, answer] of ANSWERS.entries()) {
      signal.throwIfAborted();
      const thread = await MainThread.of(page);
      await ask(page, String(at));
      const ms = await thread.longestTaskMs();
      longestMs.push(ms);
      if (ms > ALLOWED_MS) log(`hostile-answers: ${ms} ms for ${answer.slice(0, 40)}`);
    }
    const max = Math.max(...longestMs);
    const line = lineOf('hostile answers, longest task', max, 'ms');
    print({...line, floor: ALLOWED_MS, n: longestMs.length, min: Math.min(...longestMs), max});
  } finally {
    await completions.close();
    await site.close();
    await stop();
  }
};

async function openWith(page: Page, fallback: string): Promise<void> {
  await page.evaluate(async (url) => {
    await customElements.whenDefined('weft-chat');
    const chat = document.querySelector('weft-chat');
    chat?.setAttribute('fallback', url);
    chat?.setAttribute('open', '');
  }, fallback);
}

/** Resolves when the answer is over and laid out; an empty one would measure nothing. */
async function ask(page: Page, question: string): Promise<void> {
  const shownCharacters = await page.evaluate(async (text) => {
    const chat = document.querySelector('weft-chat');
    let answer: unknown = '';
    for (const [name, given] of [
      ['clear', []],
      ['ask', [text]],
    ] as const) {
      const method: unknown = chat && Reflect.get(chat, name);
      if (typeof method === 'function') answer = await Reflect.apply(method, chat, given);
    }
    await new Promise((resolve) => {
      requestAnimationFrame(() => setTimeout(resolve, 200));
    });
    return String(answer).length;
  }, question);
  assert(shownCharacters > 0, 'the widget has shown an answer');
}
