import type {
  CompiledGrammar,
  Grammar,
  GrammarCompiler,
  GrammarMatcher,
  StructuralTagFormat,
  TagFormat,
} from '@mlc-ai/web-xgrammar';
import {bytesOfToken} from '#shared/client/vocabulary/token-table.ts';
import {BYTE_ALPHABET} from '#shared/model/text/bytes/byte-alphabet.ts';
import type {TokenMask} from '#shared/protocol/frame/token-mask.ts';
import {loadXGrammar} from './load-xgrammar.ts';
import {defineAlternatives} from './schema/define-alternatives.ts';
import type {RootSchema} from './schema/grammar-schema.ts';
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
  let vocabularySize = 0;
  let compiled: CompiledGrammar | null = null;
  /** Of the last grammar: whoever asks with the same one again has it at once. */
  let compiledFrom = '';
  const matchers = new Map<number, GrammarMatcher>();

  const replyTo = async (request: GrammarRequest): Promise<GrammarReply> => {
    if (request.kind === 'open') {
      compiler = await createCompiler(request.tokens);
      vocabularySize = request.tokens.table.ends.length;
      return {kind: 'done'};
    }
    if (compiler === null) throw new Error('No tokens were given');
    if (request.kind === 'compile') {
      for (const matcher of matchers.values()) matcher.dispose();
      matchers.clear();
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
    const matcher =
      matchers.get(answerId) ?? (await library.GrammarMatcher.createGrammarMatcher(compiled));
    matchers.set(answerId, matcher);
    return {kind: 'allowed', mask: await maskAfter(matcher, {tokenIds, vocabularySize})};
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
  const made =
    grammar.kind === 'json'
      ? await grammarOf(grammar.schema)
      : await library.Grammar.fromStructuralTag(await formatOf(grammar));
  try {
    return await compiler.compileGrammar(made);
  } finally {
    made.dispose();
  }
}

/**
 * White space as `JSON.stringify` has it, but for a space after each comma and colon: where any may come, a small
 * model writes nothing else.
 */
async function grammarOf(schema: RootSchema): Promise<Grammar> {
  return await library.Grammar.fromJSONSchema(
    JSON.stringify(defineAlternatives(schema)),
    false,
    ONE_LINE,
    [', ', ': '],
    true,
  );
}

/** As an indent. */
const ONE_LINE = -1;

type Calls = Extract<AnswerGrammar, {readonly kind: 'calls'}>;

async function formatOf({calls, trigger, separator}: Calls): Promise<StructuralTagFormat> {
  const tags: TagFormat[] = [];
  for (const {begin, parameters, end} of calls) {
    const grammar = await grammarOf(parameters);
    tags.push({type: 'tag', begin, content: {type: 'grammar', grammar: grammar.toString()}, end});
    grammar.dispose();
  }
  // The library wants something between two.
  const isOne = separator === null || separator === '';
  if (trigger !== null) {
    return {type: 'triggered_tags', triggers: [trigger], tags, stop_after_first: isOne};
  }
  return isOne
    ? {type: 'or', elements: tags}
    : {type: 'tags_with_separator', tags, separator, at_least_one: true, stop_after_first: false};
}

async function maskAfter(
  matcher: GrammarMatcher,
  {
    tokenIds,
    vocabularySize,
  }: {readonly tokenIds: readonly number[]; readonly vocabularySize: number},
): Promise<TokenMask> {
  for (const tokenId of tokenIds) {
    if (!matcher.acceptToken(tokenId)) throw new Error(`Token ${tokenId} was not allowed`);
  }
  const mask = Uint32Array.from(await matcher.getNextTokenBitmask());
  // The library leaves what is beyond the vocabulary as allowed.
  const rest = vocabularySize % 32;
  const last = mask.length - 1;
  if (rest > 0) mask[last] = (mask[last] ?? 0) & (2 ** rest - 1);
  return mask;
}
