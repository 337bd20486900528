import {RegExpParser, type AST} from '@eslint-community/regexpp';
import {isInMorePlaces} from '../patterns/pattern-places.ts';
import {beyondAsciiOf, writePattern} from '../patterns/write-pattern.ts';
import type {ReadingWork} from './reading-work.ts';
import {schemaInvalid, schemaTooLarge, schemaUnsupported} from './schema-fault.ts';

const MOST_PATTERN_CHARACTERS = 500;
/** The alphabets of most languages have fewer. */
const MOST_BEYOND_ASCII = 128;
/** Each is looked at for each token of an answer. */
const MOST_PLACES = 8;
/** Of one pattern and of one of its characters, to be read; and of one of its places, to be looked at. */
const STEPS_OF_PATTERN = 200;
const STEPS_OF_CHARACTER = 10;
const STEPS_OF_PLACE = 8;
const BACKSLASH = 0x5c;
/** A text in JSON writes these otherwise. */
const isEscapedInJson = (code: number): boolean =>
  code < 0x20 || code === 0x22 || code === BACKSLASH;
/** The library misreads characters beyond it. */
const LAST_CODE = 0xffff;
const ESCAPED = 'a quote, a backslash or a control character';

type Options = {
  readonly pointer: string;
  readonly work: ReadingWork;
  /** Takes how many characters a pattern counts, since the grammar has a state for each, and throws for too many. */
  readonly count: (characters: number) => void;
};

/**
 * Looks whether a pattern can be followed token by token. It is that of a whole text: no text around it is allowed.
 *
 * @returns how the library has to have it.
 * @throws {SchemaFault}
 */
export function readPattern(pattern: string, {pointer, work, count}: Options): string {
  if (pattern.length > MOST_PATTERN_CHARACTERS) {
    throw schemaTooLarge(
      pointer,
      `has a "pattern" of more than ${MOST_PATTERN_CHARACTERS} characters`,
    );
  }
  work.spend(STEPS_OF_PATTERN + STEPS_OF_CHARACTER * pattern.length, pointer);
  let parsed: AST.Pattern;
  try {
    parsed = new RegExpParser().parsePattern(pattern, 0, pattern.length, {unicode: true});
  } catch {
    throw schemaInvalid(pointer, 'has a "pattern" that is not a regular expression');
  }
  const {alternatives} = parsed;
  const refuse = (what: string) =>
    schemaUnsupported(pointer, `has a "pattern" with ${what}: that is not followed`);
  const context = {refuse, isRepeated: false, isWhole: alternatives.length === 1};
  count(sumOf(alternatives, (alternative) => countAlternative(alternative, context)));
  const spend = (steps: number) => {
    work.spend(STEPS_OF_PLACE * steps, pointer);
  };
  if (isInMorePlaces(parsed, {mostPlaces: MOST_PLACES, spend})) {
    throw schemaUnsupported(
      pointer,
      `has a "pattern" of which a text may be in more than ${MOST_PLACES} places at once: that is not followed; of parts that repeat, let one have a fixed length, or end with what the other has not`,
    );
  }
  return writePattern(parsed);
}

type Context = {
  readonly refuse: (what: string) => Error;
  /** Whether what is around repeats it. */
  readonly isRepeated: boolean;
  /** Whether it is all of the pattern, so that it may say where a text begins and ends. */
  readonly isWhole: boolean;
};

function sumOf<T>(all: readonly T[], count: (each: T, at: number) => number): number {
  return all.reduce((sum, each, at) => sum + count(each, at), 0);
}

function countAlternative({elements}: AST.Alternative, context: Context): number {
  return sumOf(elements, (element, at) => {
    if (element.type !== 'Assertion') return countElement(element, {...context, isWhole: false});
    const isStart = element.kind === 'start' && at === 0;
    const isEnd = element.kind === 'end' && at === elements.length - 1;
    if (context.isWhole && (isStart || isEnd)) return 0;
    throw context.refuse(element.kind === 'lookahead' ? 'a look ahead' : 'an anchor inside');
  });
}

function countElement(element: AST.Element, context: Context): number {
  const {refuse} = context;
  switch (element.type) {
    case 'Group':
      if (element.modifiers !== null) throw refuse('flags inside');
      return sumOf(element.alternatives, (each) => countAlternative(each, context));
    case 'CapturingGroup':
      return sumOf(element.alternatives, (each) => countAlternative(each, context));
    case 'Quantifier':
      return countRepeated(element, context);
    case 'Character':
      checkCharacter(element, refuse);
      return 1;
    case 'CharacterSet':
      checkSet(element, refuse);
      return 1;
    case 'CharacterClass':
      checkClass(element, refuse);
      return 1;
    default:
      throw refuse(element.type === 'Backreference' ? 'a reference back' : 'what is no part of it');
  }
}

function countRepeated({min, max, element}: AST.Quantifier, context: Context): number {
  const isEndless = max === Infinity;
  // Ways to read the same text multiply.
  if (isEndless && context.isRepeated) {
    throw context.refuse('a repeat without an end in another repeat');
  }
  const times = isEndless ? Math.max(1, min) : max;
  if (max > 1 && mayBeEmpty(element)) throw context.refuse('a repeat of what may be empty');
  return times * countElement(element, {...context, isRepeated: true});
}

function mayBeEmpty(element: AST.Element): boolean {
  switch (element.type) {
    case 'Group':
    case 'CapturingGroup':
      return element.alternatives.some(({elements}) => elements.every(mayBeEmpty));
    case 'Quantifier':
      return element.min === 0 || mayBeEmpty(element.element);
    case 'Assertion':
      return true;
    default:
      return false;
  }
}

function checkCharacter({value}: AST.Character, refuse: Context['refuse']): void {
  if (isEscapedInJson(value)) throw refuse(ESCAPED);
  if (value > LAST_CODE) throw refuse('a character beyond U+FFFF');
}

function checkSet({kind, ...set}: AST.CharacterSet, refuse: Context['refuse']): void {
  const isPlain = (kind === 'digit' || kind === 'word') && 'negate' in set && !set.negate;
  if (!isPlain) throw refuse('a set of characters other than \\d and \\w');
}

function checkClass(element: AST.CharacterClass, refuse: Context['refuse']): void {
  const {negate, elements} = element;
  if (negate) throw refuse('a class of all characters but some');
  if (elements.length === 0) throw refuse('a class of no characters');
  if (beyondAsciiOf(element) > MOST_BEYOND_ASCII) {
    throw refuse(`a class of more than ${MOST_BEYOND_ASCII} characters beyond ASCII`);
  }
  for (const each of elements) {
    switch (each.type) {
      case 'CharacterSet':
        checkSet(each, refuse);
        break;
      case 'CharacterClassRange':
        checkCharacter(each.max, refuse);
        if (isAnyEscaped(each.min.value, each.max.value)) throw refuse(ESCAPED);
        break;
      case 'Character':
        checkCharacter(each, refuse);
        break;
      default:
        throw refuse('a class of classes');
    }
  }
}

function isAnyEscaped(first: number, last: number): boolean {
  for (let code = first; code <= Math.min(last, BACKSLASH); code += 1) {
    if (isEscapedInJson(code)) return true;
  }
  return false;
}
