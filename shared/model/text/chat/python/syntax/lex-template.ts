import type {tokenize} from '@huggingface/jinja';

/** As the library's parser takes them; of its own, `group` is the bracket around a token. */
export type Token = Pick<ReturnType<typeof tokenize>[number], 'type' | 'value'> & {
  readonly group?: object;
};
type TokenType = Token['type'];

/** White space of Python, for a pattern: JavaScript's is less, and has U+FEFF. */
export const BLANK = String.raw`[\p{White_Space}\x1c-\x1f]`;
const BLANKS = new RegExp(`${BLANK}*`, 'uy');
const ALL_BLANK = new RegExp(`^${BLANK}*$`, 'u');
const IS_BLANK = new RegExp(BLANK, 'u');
const TAG_START = /\{[{%#]/gu;
const RAW_START = new RegExp(`${BLANK}*raw${BLANK}*(?:-%\\}${BLANK}*|%\\})`, 'uy');
const RAW_END = new RegExp(
  `\\{%([-+]?)${BLANK}*endraw${BLANK}*(?:\\+%\\}|-%\\}${BLANK}*|%\\}\\n?)`,
  'gu',
);
const COMMENT_END = new RegExp(`\\+#\\}|-#\\}${BLANK}*|#\\}\\n?`, 'gu');
const WRITTEN_END = new RegExp(`-\\}\\}${BLANK}*|\\}\\}`, 'uy');
/** The line ends with it (`trim_blocks`). */
const STATEMENT_END = new RegExp(`\\+%\\}|-%\\}${BLANK}*|%\\}\\n?`, 'uy');

/** https://github.com/pallets/jinja/blob/3.1.6/src/jinja2/lexer.py */
const PART = new RegExp(
  [
    String.raw`(?<float>(?<!\.)(?:\d+_)*\d+(?:(?:\.(?:\d+_)*\d+)?e[+\-]?(?:\d+_)*\d+|\.(?:\d+_)*\d+))`,
    String.raw`(?<integer>0b(?:_?[01])+|0o(?:_?[0-7])+|0x(?:_?[\da-f])+|[1-9](?:_?\d)*|0(?:_?0)*)`,
    String.raw`(?<name>[\p{ID_Continue}]+)`,
    String.raw`(?<text>'[^'\\]*(?:\\.[^'\\]*)*'|"[^"\\]*(?:\\.[^"\\]*)*")`,
    String.raw`(?<sign>\/\/|\*\*|[=!<>]=|[-+\/*%~[\](){}><=.:|,])`,
  ].join('|'),
  'iusy',
);

const SIGNS: Readonly<Record<string, TokenType>> = {
  '(': 'OpenParen',
  ')': 'CloseParen',
  '[': 'OpenSquareBracket',
  ']': 'CloseSquareBracket',
  '{': 'OpenCurlyBracket',
  '}': 'CloseCurlyBracket',
  ',': 'Comma',
  '.': 'Dot',
  ':': 'Colon',
  '|': 'Pipe',
  '=': 'Equals',
  '+': 'AdditiveBinaryOperator',
  '-': 'AdditiveBinaryOperator',
  '~': 'AdditiveBinaryOperator',
  '*': 'MultiplicativeBinaryOperator',
  '/': 'MultiplicativeBinaryOperator',
  '//': 'MultiplicativeBinaryOperator',
  '%': 'MultiplicativeBinaryOperator',
  '**': 'ExponentiationBinaryOperator',
};

const CLOSING: Readonly<Record<string, string>> = {'(': ')', '[': ']', '{': '}'};

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/**
 * The tokens of a template, as Jinja has them with `trim_blocks` and `lstrip_blocks`, in time linear in
 * its length. The library's own takes time by the square of a run of blanks, and knows no `raw`, no `{%+`
 * and no `1e3`.
 *
 * @throws {SyntaxError} for a tag that does not end, and for what is no part of one.
 */
export function lexTemplate(source: string): Token[] {
  // Jinja reads every end of a line as one, and leaves the last of them out.
  const text = source.replaceAll(/\r\n?/gu, '\n').replace(/\n$/u, '');
  const tokens: Token[] = [];
  let at = 0;
  while (at < text.length) {
    const start = matchFrom(TAG_START, text, at);
    if (start === null) {
      tokens.push({type: 'Text', value: text.slice(at)});
      break;
    }
    const [opening] = start;
    const sign = /[-+]/u.exec(text[start.index + opening.length] ?? '')?.[0] ?? '';
    const isStatement = opening !== '{{';
    pushText(tokens, text, {from: at, to: start.index, sign, isStatement});
    at = start.index + opening.length + sign.length;
    if (opening === '{#') at = endOfComment(text, at);
    else if (opening === '{%' && matchFrom(RAW_START, text, at)) at = lexRaw(tokens, text, at);
    else at = lexTag(tokens, text, {at, isStatement});
  }
  return tokens;
}

/** What is before a tag, without the blanks that the tag takes away. */
function pushText(
  tokens: Token[],
  text: string,
  {
    from,
    to,
    sign,
    isStatement,
  }: {
    readonly from: number;
    readonly to: number;
    readonly sign: string;
    readonly isStatement: boolean;
  },
): void {
  let part = text.slice(from, to);
  if (sign === '-') {
    let end = part.length;
    while (end > 0 && IS_BLANK.test(part.charAt(end - 1))) end -= 1;
    part = part.slice(0, end);
  } else if (sign === '' && isStatement) {
    const line = part.lastIndexOf('\n') + 1;
    const isWholeLine = line > 0 || from === 0 || text[from - 1] === '\n';
    if (isWholeLine && ALL_BLANK.test(part.slice(line))) part = part.slice(0, line);
  }
  if (part !== '') tokens.push({type: 'Text', value: part});
}

/** @returns where what comes behind it begins. */
function endOfComment(text: string, at: number): number {
  const end = matchFrom(COMMENT_END, text, at);
  if (end === null) throw new SyntaxError('a comment has no end');
  return end.index + end[0].length;
}

function lexRaw(tokens: Token[], text: string, at: number): number {
  const from = at + (matchFrom(RAW_START, text, at)?.[0].length ?? 0);
  const end = matchFrom(RAW_END, text, from);
  if (end === null) throw new SyntaxError('{% raw %} has no {% endraw %}');
  pushText(tokens, text, {from, to: end.index, sign: end[1] ?? '', isStatement: true});
  return end.index + end[0].length;
}

function lexTag(
  tokens: Token[],
  text: string,
  {at: from, isStatement}: {readonly at: number; readonly isStatement: boolean},
): number {
  const parts: Token[] = [];
  /** Brackets that are open. */
  const open: Token[] = [];
  let at = from;
  for (;;) {
    at += matchFrom(BLANKS, text, at)?.[0].length ?? 0;
    const end =
      open.length === 0 ? matchFrom(isStatement ? STATEMENT_END : WRITTEN_END, text, at) : null;
    if (end !== null) {
      pushTag(tokens, parts, isStatement);
      return at + end[0].length;
    }
    const part = matchFrom(PART, text, at);
    if (part === null) throw new SyntaxError(wordsOnPart(text, at));
    const token = tokenOf(part, open.at(-1));
    if (token.type.startsWith('Open')) open.push(token);
    if (token.type.startsWith('Close')) refuseOther(open.pop(), token);
    parts.push(token);
    at += part[0].length;
  }
}

function pushTag(tokens: Token[], parts: readonly Token[], isStatement: boolean): void {
  // Of transformers: around what the model is trained to write. They write nothing.
  const [only, ...others] = parts;
  const isName = isStatement && others.length === 0 && only?.type === 'Identifier';
  if (isName && /^(?:end)?generation$/u.test(only.value)) return;
  tokens.push(
    isStatement ? {type: 'OpenStatement', value: '{%'} : {type: 'OpenExpression', value: '{{'},
  );
  for (const part of parts) tokens.push(part);
  tokens.push(
    isStatement ? {type: 'CloseStatement', value: '%}'} : {type: 'CloseExpression', value: '}}'},
  );
}

function tokenOf({groups = {}, 0: whole}: RegExpExecArray, group: Token | undefined): Token {
  const around = group === undefined ? {} : {group};
  if (groups['float'] !== undefined) {
    return {type: 'NumericLiteral', value: floatLiteral(whole), ...around};
  }
  if (groups['integer'] !== undefined) {
    return {type: 'NumericLiteral', value: integerLiteral(whole), ...around};
  }
  if (groups['name'] !== undefined) return {type: 'Identifier', value: whole, ...around};
  if (groups['text'] !== undefined) {
    return {type: 'StringLiteral', value: unescaped(whole.slice(1, -1)), ...around};
  }
  return {type: SIGNS[whole] ?? 'ComparisonBinaryOperator', value: whole, ...around};
}

/** With a point, by which the library knows it. */
function floatLiteral(text: string): string {
  const [mantissa = '', exponent] = text.replaceAll('_', '').toLowerCase().split('e');
  const withPoint = mantissa.includes('.') ? mantissa : `${mantissa}.0`;
  return exponent === undefined ? withPoint : `${withPoint}e${exponent}`;
}

function integerLiteral(text: string): string {
  const value = Number(text.replaceAll('_', ''));
  if (!Number.isSafeInteger(value)) throw new SyntaxError(`${text.slice(0, 20)} is too large`);
  return String(value);
}

function refuseOther(opening: Token | undefined, closing: Token): void {
  if (CLOSING[opening?.value ?? ''] === closing.value) return;
  throw new SyntaxError(`unexpected "${closing.value}"`);
}

function wordsOnPart(text: string, at: number): string {
  const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
  return at < text.length ? `unexpected "${character}"` : 'a tag has no end';
}

/** By Python's rules, where a backslash before anything else is one. */
function unescaped(text: string): string {
  return text.replaceAll(
    /\\(?:x([\dA-Fa-f]{2})|u([\dA-Fa-f]{4})|U([\dA-Fa-f]{8})|([0-7]{1,3})|([\s\S]))/gu,
    (whole, x?: string, u?: string, wide?: string, octal?: string, other?: string) => {
      const hex = x ?? u ?? wide;
      if (hex !== undefined) return codePoint(parseInt(hex, 16));
      if (octal !== undefined) return codePoint(parseInt(octal, 8));
      if (other === undefined || 'xuUN'.includes(other)) {
        throw new SyntaxError(`"${whole}" in a text is no character`);
      }
      return ESCAPES[other] ?? whole;
    },
  );
}

function codePoint(code: number): string {
  if (code > 0x10_ff_ff) throw new SyntaxError('a text has a character beyond U+10FFFF');
  return String.fromCodePoint(code);
}

/** The first match there (`y`) or behind (`g`). */
function matchFrom(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}
