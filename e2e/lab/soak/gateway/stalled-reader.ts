import {request, type IncomingMessage} from 'node:http';
import {text} from 'node:stream/consumers';
import {setTimeout as wait} from 'node:timers/promises';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import {askApi} from '../../../swarm/server/ask-api.ts';
import type {ServerProcess} from '../../../swarm/server/server-process.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {heapOf} from '../heap/heap-of.ts';
import type {SoakResult} from '../soak.ts';
import {countsWhenOver, gatewayCounts} from './gateway-counts.ts';
import {msUntilFree} from './ms-until-free.ts';

/** By then an answer is under way. */
const UNDER_WAY_MS = 5_000;
/** In which sockets are filled, and the half minute after it is over. */
const LOST_WITHIN_MS = 180_000;
/** With the likeliest others of each token, three times the bytes that sockets hold: they took all of one answer. */
const TOKENS = 3_900;
const ANSWERS = 4;
const OTHERS = 20;
/** Of a tiny model: an answer that does not end of itself. */
const NO_END = {2: -100};
const MOST_GROWTH_BYTES = 16 * 2 ** 20;

type Options = {
  readonly server: ServerProcess;
  readonly model: string;
  readonly tabs: readonly Tab[];
  readonly signal: AbortSignal;
};

/** A reader that takes nothing holds up its own answer, loses it, and costs no memory. */
export async function stallReader({server, model, tabs, signal}: Options): Promise<SoakResult> {
  const messages = [{role: 'user', content: 'Count.'}];
  // What the first answer of a server loads is none of the cost.
  await askApi(server.url, {caller: 1, body: {model, messages, max_tokens: 1}, signal});
  const before = await heapOf(server.child);
  const asking = request(`${server.url}/v1/chat/completions`, {method: 'POST', signal});
  const many = {n: ANSWERS, max_tokens: TOKENS, logit_bias: NO_END};
  const shown = {logprobs: true, top_logprobs: OTHERS, stream: true};
  asking.end(JSON.stringify({model, messages, ...many, ...shown}));
  const answered = Promise.withResolvers<IncomingMessage>();
  asking.once('response', answered.resolve).once('error', answered.reject);
  const response = await answered.promise;
  await wait(UNDER_WAY_MS, undefined, {signal});
  const {running} = await gatewayCounts(server.url, signal);
  const {open, ms} = await msUntilFree(tabs, LOST_WITHIN_MS);
  // Tabs hear of the end first.
  const after = await countsWhenOver(server.url, signal);
  const grown = (await heapOf(server.child)) - before;
  const taken = await text(response).catch(() => 'cut');
  const checks = [
    atLeast('answers that run for a reader that takes nothing', running, ANSWERS),
    atMost('ms until it has lost its answer', ms, LOST_WITHIN_MS),
    atMost('sessions that are open after it', open, 0),
    atMost('answers that run after it', after.running + after.waiting, 0),
    atMost('answers that it had to the end', taken.includes('[DONE]') ? 1 : 0, 0),
    atMost('bytes of heap that it costs', grown, MOST_GROWTH_BYTES),
  ];
  return {checks, figures: {}};
}
