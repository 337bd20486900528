import * as z from 'zod';
import {givenName, MOST_TOOLS} from './given-names.ts';

const named = z.strictObject({
  type: z.literal('function'),
  function: z.strictObject({name: givenName}),
});

export const toolChoiceSchema = z.union([
  z.enum(['none', 'auto', 'required']),
  named,
  z.strictObject({
    type: z.literal('allowed_tools'),
    allowed_tools: z.strictObject({
      mode: z.enum(['auto', 'required']),
      tools: z.array(named).min(1).max(MOST_TOOLS),
    }),
  }),
]);

type AskedChoice = z.infer<typeof toolChoiceSchema> | null | undefined;

type ToolChoice = {
  /** Which may be called; `null`: all that there are. */
  readonly names: readonly string[] | null;
  /** Whether the answer is a call, or may be. */
  readonly isRequired: boolean;
  /** Whether it may be several. */
  readonly isParallel: boolean;
};

/** Which tools an answer may call, and whether it must. */
export function readToolChoice(choice: AskedChoice): ToolChoice {
  if (choice == null || choice === 'auto')
    return {names: null, isRequired: false, isParallel: true};
  if (choice === 'none') return {names: [], isRequired: false, isParallel: true};
  if (choice === 'required') return {names: null, isRequired: true, isParallel: true};
  if (choice.type === 'function') {
    return {names: [choice.function.name], isRequired: true, isParallel: false};
  }
  const {mode, tools} = choice.allowed_tools;
  const names = tools.map((tool) => tool.function.name);
  return {names, isRequired: mode === 'required', isParallel: true};
}
