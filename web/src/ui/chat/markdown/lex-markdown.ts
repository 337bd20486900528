import {Lexer, type MarkedToken, type Token, type Tokens, type TokensList} from 'marked';

/** Quotes, lists and emphasis inside each other; a screen has no room for more. */
const MAX_DEPTH = 12;
/** marked looks for the end of each emphasis in all that follows, and may do so for each again. */
const MAX_EMPHASES = 200;
/** How often each character may be read again, at most: quotes and lists are read once per level. */
const MAX_READINGS = 32;
/** Three marks open or close at most two; a longer run is as much work as several. */
const EMPHASIS = /[*_~]{1,3}/gu;

/** What a lexer made of a text, and how many characters it was given for that, levels included. */
export type Lexed = {readonly tokens: Token[]; readonly lexedCharacters: number};

/**
 * The tokens of a text of Markdown, by bounded work: what is nested too deeply,
 * or has more emphasis than anybody writes, is plain text.
 */
export function lexMarkdown(text: string): Lexed {
  const lexer = new BoundedLexer(MAX_READINGS * (text.length + 1));
  try {
    return {tokens: lexer.lex(text), lexedCharacters: lexer.lexedCharacters};
  } catch (error) {
    if (!(error instanceof TooMuchWork)) throw error;
    return {tokens: [plainParagraph(text)], lexedCharacters: lexer.lexedCharacters};
  }
}

class TooMuchWork extends Error {}

class BoundedLexer extends Lexer {
  lexedCharacters = 0;
  readonly #maxCharacters: number;
  #depth = 0;

  constructor(maxCharacters: number) {
    // Models end a line where they mean to.
    super({gfm: true, breaks: true});
    this.#maxCharacters = maxCharacters;
  }

  override blockTokens(text: string, tokens?: Token[], isClipped?: boolean): Token[];
  override blockTokens(text: string, tokens?: TokensList, isClipped?: boolean): TokensList;
  override blockTokens(text: string, tokens: Token[] = [], isClipped = false): Token[] {
    if (this.#depth >= MAX_DEPTH) {
      tokens.push(plainParagraph(text));
      return tokens;
    }
    return this.#below(text, () => super.blockTokens(text, tokens, isClipped));
  }

  override inlineTokens(text: string, tokens: Token[] = []): Token[] {
    if (this.#depth >= MAX_DEPTH || (text.match(EMPHASIS)?.length ?? 0) > MAX_EMPHASES) {
      tokens.push(plainText(text));
      return tokens;
    }
    return this.#below(text, () => super.inlineTokens(text, tokens));
  }

  #below(text: string, lex: () => Token[]): Token[] {
    this.lexedCharacters += text.length;
    if (this.lexedCharacters > this.#maxCharacters) throw new TooMuchWork();
    this.#depth += 1;
    try {
      return lex();
    } finally {
      this.#depth -= 1;
    }
  }
}

function plainParagraph(text: string): Tokens.Paragraph {
  return {type: 'paragraph', raw: text, text, tokens: [plainText(text)]};
}

export function plainText(text: string): Tokens.Text {
  return {type: 'text', raw: text, text, escaped: false};
}

/** Narrows to tokens of some types; marked's own union has a member that could be anything. */
export function isOneOf<Type extends MarkedToken['type']>(
  token: Token,
  types: readonly Type[],
): token is Extract<MarkedToken, {type: Type}> {
  return types.some((type) => type === token.type);
}
