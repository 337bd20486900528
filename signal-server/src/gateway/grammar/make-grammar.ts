import type {Grammar, StructuralTagFormat, TagFormat} from '@mlc-ai/web-xgrammar';
import type {AnswerGrammar} from './grammar-messages.ts';
import {loadXGrammar} from './load-xgrammar.ts';
import {withFiniteNumbers} from './numbers/free-numbers.ts';
import {OwnRules} from './own-rules/own-rules.ts';
import {defineAlternatives} from './schema/define-alternatives.ts';
import type {RootSchema} from './schema/grammar-schema.ts';

const library = await loadXGrammar();

/**
 * What an answer follows, as the library has it; whoever asks for it disposes of it.
 *
 * @throws {Error} when the library does not take it.
 */
export async function makeGrammar(grammar: AnswerGrammar): Promise<Grammar> {
  return grammar.kind === 'json'
    ? await library.Grammar.fromEBNF(await textOf(grammar.schema))
    : await library.Grammar.fromStructuralTag(await formatOf(grammar));
}

/**
 * In EBNF. White space as `JSON.stringify` has it, but for a space after each comma and colon: where any may come, a small
 * model writes nothing else.
 */
async function textOf(schema: RootSchema): Promise<string> {
  const own = new OwnRules(JSON.stringify(schema));
  const json = JSON.stringify(defineAlternatives(schema, own));
  const grammar = await library.Grammar.fromJSONSchema(json, false, ONE_LINE, [', ', ': '], true);
  const text = grammar.toString();
  grammar.dispose();
  return own.writeInto(withFiniteNumbers(text));
}

/** As an indent. */
const ONE_LINE = -1;

type Calls = Extract<AnswerGrammar, {readonly kind: 'calls'}>;

async function formatOf({calls, trigger, separator}: Calls): Promise<StructuralTagFormat> {
  const tags: TagFormat[] = [];
  for (const {begin, parameters, end} of calls) {
    const grammar = await textOf(parameters);
    tags.push({type: 'tag', begin, content: {type: 'grammar', grammar}, end});
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
