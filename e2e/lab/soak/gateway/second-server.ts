import OpenAI from 'openai';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type {ServerProcess} from '../../../swarm/server/server-process.ts';
import type {SoakResult} from '../soak.ts';

const TOKENS = 1_000;
const AT_TOKEN = 20;

type Options = {
  /** By which the tabs have joined. */
  readonly joined: ServerProcess;
  readonly other: ServerProcess;
  readonly model: string;
  readonly signal: AbortSignal;
};

const clientOf = ({url}: ServerProcess) => new OpenAI({baseURL: `${url}/v1`, apiKey: 'none'});

/**
 * The gateway of a server is asked by which no tab has joined, and in the middle of the answer the one is killed by which
 * all did: the answer goes on, has the text that it would have had, and the next one comes.
 */
export async function asksSecondServer({
  joined,
  other,
  model,
  signal,
}: Options): Promise<SoakResult> {
  const body = {
    model,
    messages: [{role: 'user' as const, content: 'Which way does the weft go?'}],
    max_tokens: TOKENS,
    seed: 9,
  };
  const whole = async (server: ServerProcess): Promise<string> => {
    const {choices} = await clientOf(server).chat.completions.create(body, {signal});
    return choices[0]?.message.content ?? '';
  };
  const expected = await whole(joined);
  let text = '';
  let tokens = 0;
  let tokensAtKill = 0;
  const stream = await clientOf(other).chat.completions.create({...body, stream: true}, {signal});
  for await (const {choices} of stream) {
    text += choices[0]?.delta.content ?? '';
    tokens += 1;
    if (tokens !== AT_TOKEN) continue;
    await joined.kill();
    tokensAtKill = tokens;
  }
  const after = await whole(other);
  const checks = [
    atLeast('two servers: pieces of the answer before one was killed', tokensAtKill, AT_TOKEN),
    atLeast('two servers: pieces after it', tokens - tokensAtKill, 1),
    atMost(
      'two servers: texts that differ',
      [text, after].filter((each) => each !== expected).length,
      0,
    ),
  ];
  return {checks, figures: {}};
}
