import type {Token} from 'marked';
import {isOneOf, lexMarkdown, plainText} from './lex-markdown.ts';

/** One block that no later text can change, or some blocks cut off because they were too long. */
type Block = readonly Token[];

/**
 * What is shown of an answer that grows: finished blocks, in groups so that
 * few things are compared at each step, and the tokens of what is still open.
 */
export type MarkdownView = {
  readonly finished: readonly (readonly Block[])[];
  readonly open: readonly Token[];
};

/** How often each character of an answer is read again on average, at most; one more time at each pause. */
const READINGS = 64;
/** A longer block is cut: a few screens of text. */
const MAX_BLOCK_CHARACTERS = 4_096;
/** Code is read in one go, whatever it contains. */
const MAX_CODE_CHARACTERS = 32_768;
const COMPARED_CHARACTERS = 64;
const BLOCKS_PER_GROUP = 64;
const FENCE = /^ {0,3}(?<marks>`{3,}(?!`)|~{3,}(?!~))[^\n]*\n/u;

type LateText = {readonly token: {text: string}; readonly before: string};

/**
 * The Markdown of an answer while it is written, by work linear in its length:
 * a block is read until it is finished and never again, and a long one that is
 * still open is read again only after it has grown by a part of its length. What
 * came since is shown as plain text at its end.
 */
export class MarkdownStream {
  readonly #finished: Block[][] = [];
  #text = '';
  /** What follows the finished blocks. */
  #pending = '';
  #open: Token[] = [];
  /** How much of `#pending` the open tokens were made of. */
  #openCharacters = 0;
  #lateText: LateText | null = null;
  #credit = 0;
  /** Of all texts that the lexer was given. */
  lexedCharacters = 0;

  /** Whether some text is still shown as it came. */
  get isBehind(): boolean {
    return this.#pending.length > this.#openCharacters;
  }

  /** @param text the whole answer so far; one that does not go on from the last is another. */
  update(text: string): MarkdownView {
    if (!goesOn(this.#text, text)) this.#restart();
    const added = text.slice(this.#text.length).replaceAll(/\r\n?/gu, '\n');
    this.#text = text;
    this.#pending += added;
    this.#credit += added.length * READINGS;
    if (added !== '') this.#read();
    return this.#view();
  }

  /** Reads what is shown as it came, for when nothing more comes for a while. */
  catchUp(): MarkdownView {
    if (this.isBehind) {
      this.#credit = Math.max(this.#credit, this.#pending.length);
      this.#read();
    }
    return this.#view();
  }

  #view(): MarkdownView {
    return {finished: this.#finished, open: this.#open};
  }

  #restart(): void {
    this.#finished.length = 0;
    this.#text = '';
    this.#pending = '';
    this.#openCharacters = 0;
    this.#open = [];
  }

  #read(): void {
    const isCut = this.#pending.length > longestBlock(this.#pending);
    while (this.#pending.length > longestBlock(this.#pending)) this.#cut();
    if (!isCut && this.#credit < this.#pending.length) {
      this.#showAsItCame();
      return;
    }
    const tokens = this.#lex(this.#pending);
    const count = countFinished(tokens, this.#pending);
    this.#finish(tokens.slice(0, count));
    this.#open = tokens.slice(count);
    this.#openCharacters = this.#pending.length;
    this.#lateText = openTextOf(this.#open);
  }

  /** Finishes the blocks at the beginning of more text than is read at once. */
  #cut(): void {
    const piece = this.#pending.slice(0, endOfPiece(this.#pending));
    const tokens = this.#lex(piece);
    const count = countFinished(tokens, piece);
    if (count > 0) {
      this.#finish(tokens.slice(0, count));
      return;
    }
    this.#push(tokens);
    // Code goes on as code.
    const fence = isClosedFence(piece) ? '' : (FENCE.exec(piece)?.[0] ?? '');
    this.#pending = `${fence}${this.#pending.slice(piece.length)}`;
  }

  #finish(tokens: readonly Token[]): void {
    if (tokens.length === 0) return;
    for (const token of tokens) if (token.type !== 'space') this.#push([token]);
    const length = tokens.reduce((sum, {raw}) => sum + raw.length, 0);
    this.#pending = this.#pending.slice(length);
  }

  #push(block: Block): void {
    const group = this.#finished.at(-1);
    if (group === undefined || group.length >= BLOCKS_PER_GROUP) this.#finished.push([block]);
    else group.push(block);
  }

  #lex(text: string): Token[] {
    const {tokens, lexedCharacters} = lexMarkdown(text);
    this.#credit -= lexedCharacters;
    this.lexedCharacters += lexedCharacters;
    return tokens;
  }

  #showAsItCame(): void {
    if (this.#lateText === null) return;
    const {token, before} = this.#lateText;
    token.text = `${before}${this.#pending.slice(this.#openCharacters)}`;
  }
}

/** Compares no more than the ends: an answer of 100,000 characters is not read again for each of its tokens. */
function goesOn(before: string, text: string): boolean {
  const end = before.slice(-COMPARED_CHARACTERS);
  return (
    text.startsWith(before.slice(0, COMPARED_CHARACTERS)) &&
    text.startsWith(end, before.length - end.length)
  );
}

/**
 * How many tokens no later text can change: those before the last block that
 * has a whole line. A line that is not at its end may still join the block
 * before it.
 */
function countFinished(tokens: readonly Token[], text: string): number {
  const lastLineStart = text.lastIndexOf('\n') + 1;
  let start = 0;
  let count = 0;
  for (const [index, {type, raw}] of tokens.entries()) {
    if (type !== 'space' && start < lastLineStart) count = index;
    // What the lexer left out or changed has no place of its own in the text.
    if (!text.startsWith(raw, start)) return 0;
    start += raw.length;
  }
  return count;
}

/** How much of a text is read at once: code to its end, whatever it contains. */
function longestBlock(text: string): number {
  if (text.length <= MAX_BLOCK_CHARACTERS) return MAX_BLOCK_CHARACTERS;
  const codeCharacters = Math.min(MAX_CODE_CHARACTERS, fenceLength(text));
  return Math.max(MAX_BLOCK_CHARACTERS, codeCharacters);
}

/** Of the fenced code with which a text begins, its last line included; 0 when it begins otherwise. */
function fenceLength(text: string): number {
  const opening = FENCE.exec(text);
  const marks = opening?.groups?.['marks'];
  if (opening === null || marks === undefined) return 0;
  const end = new RegExp(`\\n {0,3}${marks}[\`~]* *(?:\\n|$)`, 'gu');
  end.lastIndex = opening[0].length - 1;
  return end.exec(text) === null ? Infinity : end.lastIndex;
}

function isClosedFence(text: string): boolean {
  return fenceLength(text) <= text.length;
}

/** After a line, or a word, or where there is neither, anywhere but inside a character. */
function endOfPiece(text: string): number {
  const most = longestBlock(text);
  const line = text.lastIndexOf('\n', most - 1) + 1;
  if (line > most / 2) return line;
  const word = text.lastIndexOf(' ', most - 1) + 1;
  if (word > most / 2) return word;
  const unit = text.charCodeAt(most - 1);
  return unit >= 0xd800 && unit < 0xdc00 ? most - 1 : most;
}

/** Where text that comes belongs, as long as nobody knows better: at the end of what is open. */
function openTextOf(tokens: Token[]): LateText | null {
  const last = tokens.findLast(({type}) => type !== 'space');
  if (last === undefined) return null;
  if (isOneOf(last, ['code'])) return {token: last, before: last.text};
  if (isOneOf(last, ['list'])) return openTextOf(last.items);
  if (isOneOf(last, ['blockquote', 'list_item']) && last.tokens.length > 0) {
    return openTextOf(last.tokens);
  }
  if (!isOneOf(last, ['paragraph', 'heading', 'list_item', 'text'])) return null;
  const late = plainText('');
  (last.tokens ??= []).push(late);
  return {token: late, before: ''};
}
