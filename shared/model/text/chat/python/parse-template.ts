import {parse, tokenize, type Template} from '@huggingface/jinja';
import {COMPARING_TESTS} from './value-tests.ts';

/** What `Template` parses to. */
export type Program = Template['parsed'];
type Token = Pick<ReturnType<typeof tokenize>[number], 'type' | 'value'>;

/** Tests with a value are such filters: the library's grammar has none of them. */
export const TEST_FILTERS = {is: 'is', isNot: 'is not'} as const;

const CLOSING: Readonly<Record<string, string>> = {
  OpenParen: 'CloseParen',
  OpenSquareBracket: 'CloseSquareBracket',
  OpenCurlyBracket: 'CloseCurlyBracket',
};

/** @throws {SyntaxError} of the library. */
export function parseTemplate(source: string): Program {
  // Jinja reads every end of a line as one.
  const text = source.replaceAll(/\r\n?/gu, '\n');
  return parse(withTestFilters(tokenize(text, {lstrip_blocks: true, trim_blocks: true})));
}

/** `x is divisibleby 3` and `x is not divisibleby(3)` as filters, which take values. */
function withTestFilters(tokens: readonly Token[]): Token[] {
  const result: Token[] = [];
  for (let at = 0; at < tokens.length;) {
    const test = testAt(tokens, at);
    const end = test === null ? at + 1 : argumentEnd(tokens, test.argumentAt);
    if (test === null || end === test.argumentAt) {
      result.push(...tokens.slice(at, at + 1));
      at += 1;
      continue;
    }
    const given = withoutParentheses(tokens.slice(test.argumentAt, end));
    result.push(
      {type: 'Pipe', value: '|'},
      {type: 'Identifier', value: test.filter},
      {type: 'OpenParen', value: '('},
      {type: 'StringLiteral', value: test.name},
      {type: 'Comma', value: ','},
      // An argument may have a test of its own.
      ...withTestFilters(given),
      {type: 'CloseParen', value: ')'},
    );
    at = end;
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
  if (name?.type !== 'Identifier' || !COMPARING_TESTS.has(name.value)) return null;
  const filter = isNegated ? TEST_FILTERS.isNot : TEST_FILTERS.is;
  return {filter, name: name.value, argumentAt: nameAt + 1};
}

function isWord(token: Token | undefined, word: string): boolean {
  return token?.type === 'Identifier' && token.value === word;
}

/** Behind a value with its members, such as `a.b[0]`; at its start where there is none. */
function argumentEnd(tokens: readonly Token[], start: number): number {
  let end = partEnd(tokens, start, ['NumericLiteral', 'StringLiteral', 'Identifier']);
  if (end === start || tokens[start]?.type === 'OpenParen') return end;
  for (;;) {
    const isMember = tokens[end]?.type === 'Dot';
    const next = isMember ? end + 2 : partEnd(tokens, end, []);
    if (next === end || tokens[end]?.type === 'OpenCurlyBracket') return end;
    end = next;
  }
}

/** Behind one token of these types, or behind what is in brackets. */
function partEnd(tokens: readonly Token[], start: number, types: readonly string[]): number {
  const first = tokens[start]?.type ?? '';
  if (types.includes(first)) return start + 1;
  const closing = CLOSING[first];
  if (closing === undefined) return start;
  let depth = 0;
  for (let at = start; at < tokens.length; at += 1) {
    if (tokens[at]?.type === first) depth += 1;
    if (tokens[at]?.type === closing) depth -= 1;
    if (depth === 0) return at + 1;
  }
  return start;
}

function withoutParentheses(tokens: readonly Token[]): readonly Token[] {
  return tokens[0]?.type === 'OpenParen' ? tokens.slice(1, -1) : tokens;
}
