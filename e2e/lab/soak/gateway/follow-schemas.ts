import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type OpenAI from 'openai';
import {schemaCheck} from '../../../../signal-server/src/gateway/grammar/testing/follows-schema.ts';
import type {SoakResult} from '../soak.ts';

const PROMPTS = [
  'Tell me about Oslo, as JSON.',
  'Fill in the form for a small dog with brown fur.',
  'Hello!',
] as const;
const MAX_TOKENS = 160;
/** As many grammars as a server follows at once. */
const AT_ONCE = 4;

/** What came of each schema with each prompt. */
type Outcome = {
  readonly schema: string;
  readonly prompt: string;
  readonly text: string;
  readonly isComplete: boolean;
  readonly isRight: boolean;
};

/** Asks each prompt with each schema: every answer that is complete is JSON, and follows its schema. */
export async function followSchemas(
  openai: OpenAI,
  {
    model,
    schemas,
    signal,
  }: {
    readonly model: string;
    readonly schemas: Readonly<Record<string, object>>;
    readonly signal: AbortSignal;
  },
): Promise<SoakResult> {
  const outcomes: Outcome[] = [];
  const asked = Object.entries(schemas)
    .flatMap(([name, schema]) => PROMPTS.map((content, at) => ({name, schema, content, at})))
    .values();
  const askOneByOne = async (): Promise<void> => {
    for (const {name, schema, content, at} of asked) {
      const {choices} = await openai.chat.completions.create(
        {
          model,
          messages: [{role: 'user', content}],
          max_tokens: MAX_TOKENS,
          temperature: at / 2,
          seed: 11,
          response_format: {
            type: 'json_schema',
            json_schema: {name, schema: Object.fromEntries(Object.entries(schema)), strict: true},
          },
        },
        {signal},
      );
      const text = choices[0]?.message.content ?? '';
      const isComplete = choices[0]?.finish_reason === 'stop';
      const isRight = isComplete && schemaCheck(schema)(text);
      outcomes.push({schema: name, prompt: content, text, isComplete, isRight});
    }
  };
  await Promise.all(Array.from({length: AT_ONCE}, askOneByOne));
  const complete = outcomes.filter(({isComplete}) => isComplete);
  return {
    figures: {[`schemas, ${model}`]: outcomes},
    checks: [
      atLeast(`${model}: answers to schemas`, outcomes.length, 90),
      atLeast(`${model}: complete ones`, complete.length, outcomes.length / 2),
      atMost(
        `${model}: complete ones that do not follow`,
        complete.filter(({isRight}) => !isRight).length,
        0,
      ),
    ],
  };
}
