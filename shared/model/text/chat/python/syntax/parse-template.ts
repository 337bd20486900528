import {parse, type Template} from '@huggingface/jinja';
import {lexTemplate, type Token} from './lex-template.ts';

/** What `Template` parses to. */
export type Program = Template['parsed'];

/**
 * What the library's grammar lacks is written in it by names that no template can have: a test with a
 * value is a filter, a tuple that ends with a comma is a call, and `with` is a block with a filter.
 */
export const TEST_FILTERS = {is: '{is}', isNot: '{is not}'} as const;
export const TUPLE_CALL = '(,)';
export const WITH_FILTER = '{with}';

/** Tests that take a value, by the names that Jinja has for them. */
export const COMPARING_TESTS = [
  'eq',
  'equalto',
  '==',
  'ne',
  '!=',
  'lt',
  'lessthan',
  '<',
  'gt',
  'greaterthan',
  '>',
  'le',
  '<=',
  'ge',
  '>=',
  'in',
  'sameas',
  'divisibleby',
] as const;
const COMPARING: ReadonlySet<string> = new Set(COMPARING_TESTS);

/** A bracket behind one of them begins a value and no arguments. */
const KEYWORDS: ReadonlySet<string> = new Set('if elif else in is not and or'.split(' '));

/** @throws {SyntaxError} in the library's words or ours. */
export function parseTemplate(source: string): Program {
  const tokens = withTestFilters(withOwnNames(lexTemplate(source)));
  try {
    return parse(tokens);
  } catch (cause) {
    // The library reads on where there is nothing.
    if (!(cause instanceof TypeError)) throw cause;
    throw new SyntaxError('it ends within a block or a tag', {cause});
  }
}

/** `(1,)`, `()`, `{% with %}` and `not in`, as the library's parser takes them. */
function withOwnNames(tokens: readonly Token[]): Token[] {
  const closings = closingsOf(tokens);
  const result: Token[] = [];
  let isInWith = false;
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    if (token === undefined) break;
    const statement = statementAt(tokens, at);
    if (isInWith && token.type === 'CloseStatement') result.push(CLOSE);
    isInWith = statement === 'with' || (isInWith && token.type !== 'CloseStatement');
    if (isNotIn(tokens, at)) {
      // The parser would make one that does not know the brackets around it.
      result.push({...token, type: 'ComparisonBinaryOperator', value: 'not in'});
      at += 1;
    } else {
      if (endsWithComma(tokens, at, closings[at])) result.push(nameToken(TUPLE_CALL));
      result.push(...(STATEMENTS.get(statement) ?? [token]));
    }
  }
  return result;
}

/** The word behind `{%`, or nothing. */
function statementAt(tokens: readonly Token[], at: number): string {
  return tokens[at - 1]?.type === 'OpenStatement' ? (tokens[at]?.value ?? '') : '';
}

function isNotIn(tokens: readonly Token[], at: number): boolean {
  return isWord(tokens[at], 'not') && isWord(tokens[at + 1], 'in') && !isWord(tokens[at - 1], 'is');
}

const OPEN: Token = {type: 'OpenParen', value: '('};
const CLOSE: Token = {type: 'CloseParen', value: ')'};

function nameToken(value: string): Token {
  return {type: 'Identifier', value};
}

/** What statements begin with that the library lacks. */
const STATEMENTS: ReadonlyMap<string, readonly Token[]> = new Map([
  ['with', [nameToken('filter'), nameToken(WITH_FILTER), OPEN]],
  ['endwith', [nameToken('endfilter')]],
]);

/** Whether a tuple begins here that has a comma at its end, or nothing in it. */
function endsWithComma(tokens: readonly Token[], at: number, closing: number | undefined): boolean {
  if (tokens[at]?.type !== 'OpenParen' || closing === undefined) return false;
  if (closing !== at + 1 && tokens[closing - 1]?.type !== 'Comma') return false;
  const before = tokens[at - 1];
  if (before?.type === 'Identifier') return KEYWORDS.has(before.value);
  return !['CloseParen', 'CloseSquareBracket', 'CloseCurlyBracket', 'StringLiteral'].includes(
    before?.type ?? '',
  );
}

/** `x is divisibleby 3` and `x is not divisibleby(3)` as filters, which take values. */
function withTestFilters(tokens: readonly Token[]): Token[] {
  const closings = closingsOf(tokens);
  const result: Token[] = [];
  /** Brackets of arguments, whose own are left out. */
  const leftOut = new Set<number>();
  /** How many arguments end in front of a token. */
  const ends = new Map<number, number>();
  for (let at = 0; at <= tokens.length; at += 1) {
    for (let count = ends.get(at) ?? 0; count > 0; count -= 1) result.push(CLOSE);
    const token = tokens[at];
    if (token === undefined) break;
    const test = testAt(tokens, at);
    const end = test === null ? at : argumentEnd(tokens, test.argumentAt, closings);
    if (test === null || end === test.argumentAt) {
      if (!leftOut.has(at)) result.push(token);
      continue;
    }
    result.push(
      {type: 'Pipe', value: '|'},
      nameToken(test.filter),
      OPEN,
      {type: 'StringLiteral', value: test.name},
      {type: 'Comma', value: ','},
    );
    if (tokens[test.argumentAt]?.type === 'OpenParen') {
      leftOut.add(test.argumentAt).add(end - 1);
    }
    ends.set(end, (ends.get(end) ?? 0) + 1);
    at = test.argumentAt - 1;
  }
  return result;
}

/** The test that begins with this token, if its kind takes a value. */
function testAt(
  tokens: readonly Token[],
  at: number,
): {readonly filter: string; readonly name: string; readonly argumentAt: number} | null {
  if (!isWord(tokens[at], 'is')) return null;
  const isNegated = isWord(tokens[at + 1], 'not');
  const nameAt = at + (isNegated ? 2 : 1);
  const name = tokens[nameAt];
  if (name?.type !== 'Identifier' || !COMPARING.has(name.value)) return null;
  const filter = isNegated ? TEST_FILTERS.isNot : TEST_FILTERS.is;
  return {filter, name: name.value, argumentAt: nameAt + 1};
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.type === 'Identifier' && token.value === word;
}

/** Behind a value with its members, such as `a.b[0]`; at its start where there is none. */
function argumentEnd(tokens: readonly Token[], start: number, closings: readonly number[]): number {
  const type = tokens[start]?.type ?? '';
  const isPlain = ['NumericLiteral', 'StringLiteral', 'Identifier'].includes(type);
  let end = isPlain ? start + 1 : behindBrackets(start);
  if (end === start || type === 'OpenParen') return end;
  for (;;) {
    const isMember = tokens[end]?.type === 'Dot';
    const next = isMember ? end + 2 : behindBrackets(end);
    if (next === end || tokens[end]?.type === 'OpenCurlyBracket') return end;
    end = next;
  }

  function behindBrackets(at: number): number {
    const closing = closings[at];
    return closing === undefined ? at : closing + 1;
  }
}

/** For each bracket that opens, where it closes. */
function closingsOf(tokens: readonly Token[]): readonly number[] {
  const closings: number[] = [];
  const open: number[] = [];
  for (const [at, {type}] of tokens.entries()) {
    if (!BRACKETS.test(type)) continue;
    if (type.startsWith('Open')) open.push(at);
    else closings[open.pop() ?? 0] = at;
  }
  return closings;
}

/** Of lists, dictionaries and tuples, not of tags. */
const BRACKETS = /Paren|Bracket/u;
