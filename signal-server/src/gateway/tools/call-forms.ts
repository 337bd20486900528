import type {Tool} from '#shared/model/text/messages/chat-message.ts';
import type {ToolCallFormat} from '#shared/model/text/tools/tool-call-format.ts';
import type {AnswerGrammar, CallForm} from '../grammar/grammar-messages.ts';
import type {RootSchema} from '../grammar/schema/grammar-schema.ts';

/** What a request says of tools. */
export type AskedTools = {
  /** As the template shows them. */
  readonly tools: readonly Tool[];
  /** What may be called, with the arguments of each. */
  readonly callable: readonly {readonly name: string; readonly parameters: RootSchema}[];
  /** Whether the answer is a call, or may be. */
  readonly isRequired: boolean;
  /** Whether it may be several. */
  readonly isParallel: boolean;
};

export type CallGrammar = Extract<AnswerGrammar, {readonly kind: 'calls'}>;

/** How the answers of a request call tools, in the words of its model. */
export function callGrammarOf(
  {callable, isRequired, isParallel}: AskedTools,
  {begin, argumentsKey, end, separator}: ToolCallFormat,
): CallGrammar {
  const open = `${begin}{"name": `;
  const calls: readonly CallForm[] = callable.map(({name, parameters}) => ({
    name,
    begin: `${open}${JSON.stringify(name)}, ${JSON.stringify(argumentsKey)}: `,
    parameters,
    end: `}${end}`,
  }));
  const mark = begin.trim();
  const trigger = mark === '' || !open.startsWith(mark) ? open : mark;
  return {
    kind: 'calls',
    calls,
    trigger: isRequired ? null : trigger,
    separator: isParallel ? separator : null,
  };
}
