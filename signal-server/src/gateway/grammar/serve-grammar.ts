import type {CompiledGrammar, GrammarCompiler, GrammarMatcher} from '@mlc-ai/web-xgrammar';
import {bytesOfToken} from '#shared/client/vocabulary/token-table.ts';
import {BYTE_ALPHABET} from '#shared/model/text/bytes/byte-alphabet.ts';
import type {TokenMask} from '#shared/protocol/frame/token-mask.ts';
import {loadXGrammar} from './load-xgrammar.ts';
import {makeGrammar} from './make-grammar.ts';
import {Utf8Masks} from './utf8-masks.ts';
import {BETWEEN_CHARACTERS} from './utf8-text.ts';
import type {
  AnswerGrammar,
  GrammarReply,
  GrammarRequest,
  GrammarTokens,
} from './grammar-messages.ts';

const library = await loadXGrammar();

/** What the thread of a grammar does: answers one request after the other. */
export function serveGrammar(): (request: GrammarRequest) => Promise<GrammarReply> {
  let compiler: GrammarCompiler | null = null;
  let utf8: Utf8Masks | null = null;
  let compiled: CompiledGrammar | null = null;
  /** Of the last grammar: whoever asks with the same one again has it at once. */
  let compiledFrom = '';
  const answers = new Map<number, GuidedAnswer>();

  const replyTo = async (request: GrammarRequest): Promise<GrammarReply> => {
    if (request.kind === 'open') {
      compiler = await createCompiler(request.tokens);
      utf8 = new Utf8Masks(request.tokens);
      return {kind: 'done'};
    }
    if (compiler === null || utf8 === null) throw new Error('No tokens were given');
    if (request.kind === 'compile') {
      for (const answer of answers.values()) answer.dispose();
      answers.clear();
      const from = JSON.stringify(request.grammar);
      if (compiled !== null && from === compiledFrom) return {kind: 'done'};
      compiled?.dispose();
      compiled = null;
      try {
        compiled = await compile(compiler, request.grammar);
      } catch {
        return {kind: 'refused'};
      }
      compiledFrom = from;
      return {kind: 'done'};
    }
    if (compiled === null) throw new Error('No grammar was given');
    const {answerId, tokenIds} = request;
    const answer =
      answers.get(answerId) ??
      new GuidedAnswer(await library.GrammarMatcher.createGrammarMatcher(compiled), utf8);
    answers.set(answerId, answer);
    return {kind: 'allowed', mask: await answer.maskAfter(tokenIds)};
  };
  return async (request) => {
    try {
      return await replyTo(request);
    } catch (cause) {
      return {kind: 'failed', reason: String(cause)};
    }
  };
}

async function createCompiler({table, endTokenIds}: GrammarTokens): Promise<GrammarCompiler> {
  // One text per token, whatever the vocabulary: the library takes bytes in this alphabet only.
  const texts = Array.from(table.ends, (_, tokenId) =>
    Array.from(bytesOfToken(table, tokenId), (byte) => BYTE_ALPHABET[byte] ?? '').join(''),
  );
  const info = await library.TokenizerInfo.createTokenizerInfo(
    texts,
    'byte_level',
    false,
    texts.length,
    [...endTokenIds],
  );
  return await library.GrammarCompiler.createGrammarCompiler(info, false);
}

async function compile(
  compiler: GrammarCompiler,
  grammar: AnswerGrammar,
): Promise<CompiledGrammar> {
  const made = await makeGrammar(grammar);
  try {
    return await compiler.compileGrammar(made);
  } finally {
    made.dispose();
  }
}

/** One answer, which follows the grammar and is a text in UTF-8. */
class GuidedAnswer {
  readonly #matcher: GrammarMatcher;
  readonly #utf8: Utf8Masks;
  #state = BETWEEN_CHARACTERS;

  constructor(matcher: GrammarMatcher, utf8: Utf8Masks) {
    this.#matcher = matcher;
    this.#utf8 = utf8;
  }

  /** Which tokens may come after these. */
  async maskAfter(tokenIds: readonly number[]): Promise<TokenMask> {
    for (const tokenId of tokenIds) {
      const state = this.#utf8.after(this.#state, tokenId);
      if (state === null || !this.#matcher.acceptToken(tokenId)) {
        throw new Error(`Token ${tokenId} was not allowed`);
      }
      this.#state = state;
    }
    const mask = Uint32Array.from(await this.#matcher.getNextTokenBitmask());
    return this.#utf8.within(mask, this.#state);
  }

  dispose(): void {
    this.#matcher.dispose();
  }
}
