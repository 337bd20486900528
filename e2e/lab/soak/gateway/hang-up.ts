import type OpenAI from 'openai';
import {atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type {Tab} from '../../../swarm/tab.ts';
import type {SoakResult} from '../soak.ts';
import {msUntilFree} from './ms-until-free.ts';

const LONG_TOKENS = 2_000;
const FREED_WITHIN_MS = 5_000;

/** An answer whose reader hangs up in its middle. */
export async function hangUp(
  openai: OpenAI,
  {
    model,
    tabs,
    signal,
  }: {readonly model: string; readonly tabs: readonly Tab[]; readonly signal: AbortSignal},
): Promise<SoakResult> {
  const messages = [{role: 'user' as const, content: 'Count.'}];
  const stream = await openai.chat.completions.create(
    {model, messages, max_tokens: LONG_TOKENS, stream: true},
    {signal},
  );
  for await (const chunk of stream) if (chunk.choices[0]?.delta.content !== '') break;
  const {open, ms} = await msUntilFree(tabs, FREED_WITHIN_MS);
  return {
    checks: [
      atMost('sessions that are open after its reader hung up', open, 0),
      atMost('ms until every hop was free', ms, FREED_WITHIN_MS),
    ],
    figures: {},
  };
}
