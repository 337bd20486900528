import type {CallForm} from '../grammar/grammar-messages.ts';
import {ObjectEnd} from './object-end.ts';

/** What a piece of an answer is: its text, the beginning of a call, or more of the arguments of the last. */
export type CallPart =
  | {
      readonly kind: 'text';
      readonly text: string;
      /** Characters of the answer before it. */
      readonly start: number;
    }
  | {readonly kind: 'call'; readonly name: string}
  | {readonly kind: 'arguments'; readonly text: string};

type State =
  | {readonly kind: 'text'}
  | {readonly kind: 'arguments'; readonly form: CallForm; readonly end: ObjectEnd}
  /** What closes a call is no part of anything. */
  | {readonly kind: 'closing'; readonly form: CallForm};

/** Separates calls and text of an answer that comes in pieces. White space around calls is left out. */
export class CallReader {
  readonly #forms: readonly CallForm[];
  #state: State = {kind: 'text'};
  #isInText = true;
  /** What may become something else with what comes. */
  #held = '';
  /** Characters of the answer before what is held. */
  #readCharacters = 0;

  /** @param forms how a call may be written; without any, all is text. */
  constructor(forms: readonly CallForm[]) {
    this.#forms = forms;
  }

  /** Whether what came last is text, and no call. */
  get isInText(): boolean {
    return this.#isInText;
  }

  push(piece: string): readonly CallPart[] {
    this.#held += piece;
    const parts: CallPart[] = [];
    let isMore = true;
    while (isMore) isMore = this.#step(parts);
    return parts;
  }

  /** What is left when the answer is over. */
  end(): readonly CallPart[] {
    const parts: CallPart[] = [];
    const isText = this.#isInText || this.#held.trim() !== '';
    if (this.#state.kind === 'text' && isText) this.#takeText(parts, this.#held.length);
    this.#skip(this.#held.length);
    return parts;
  }

  /** @returns whether there may be more to do. */
  #step(parts: CallPart[]): boolean {
    switch (this.#state.kind) {
      case 'text':
        return this.#readText(parts);
      case 'arguments':
        return this.#readArguments(parts, this.#state);
      default:
        return this.#readClosing(this.#state.form);
    }
  }

  #readText(parts: CallPart[]): boolean {
    const found = this.#forms
      .map((form) => ({form, at: this.#held.indexOf(form.begin)}))
      .filter(({at}) => at !== -1)
      .toSorted((one, other) => one.at - other.at)[0];
    if (found === undefined) {
      this.#takeText(parts, this.#textLength());
      return false;
    }
    const {form, at} = found;
    const before = this.#held.slice(0, at).trimEnd().length;
    this.#takeText(parts, before);
    parts.push({kind: 'call', name: form.name});
    this.#skip(at - before + form.begin.length);
    this.#isInText = false;
    this.#state = {kind: 'arguments', form, end: new ObjectEnd()};
    return true;
  }

  /** How much of what is held is text, whatever comes. */
  #textLength(): number {
    if (this.#forms.length === 0) return this.#held.length;
    const begun = Math.max(0, ...this.#forms.map(({begin}) => begunLength(this.#held, begin)));
    return this.#held.slice(0, this.#held.length - begun).trimEnd().length;
  }

  #takeText(parts: CallPart[], length: number): void {
    if (length === 0) return;
    parts.push({kind: 'text', text: this.#held.slice(0, length), start: this.#readCharacters});
    this.#isInText = true;
    this.#skip(length);
  }

  /** The next characters are read, and no part of anything that comes. */
  #skip(length: number): void {
    this.#held = this.#held.slice(length);
    this.#readCharacters += length;
  }

  #readArguments(
    parts: CallPart[],
    {form, end}: Extract<State, {readonly kind: 'arguments'}>,
  ): boolean {
    const length = end.push(this.#held);
    const text = this.#held.slice(0, length ?? this.#held.length);
    if (text !== '') parts.push({kind: 'arguments', text});
    this.#skip(text.length);
    if (length === null) return false;
    this.#state = {kind: 'closing', form};
    return true;
  }

  #readClosing({end}: CallForm): boolean {
    if (this.#held.length < end.length && end.startsWith(this.#held)) return false;
    if (this.#held.startsWith(end)) this.#skip(end.length);
    this.#state = {kind: 'text'};
    return true;
  }
}

/** How much of the end of a text may be the beginning of `begin`. */
function begunLength(text: string, begin: string): number {
  for (let length = Math.min(begin.length - 1, text.length); length > 0; length -= 1) {
    if (text.endsWith(begin.slice(0, length))) return length;
  }
  return 0;
}
