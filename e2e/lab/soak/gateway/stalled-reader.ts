import {request, type IncomingMessage} from 'node:http';
import {setTimeout as wait} from 'node:timers/promises';
import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type {ServerProcess} from '../../../swarm/server/server-process.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {heapOf} from '../heap/heap-of.ts';
import type {SoakResult} from '../soak.ts';
import {gatewayCounts} from './gateway-counts.ts';
import {msUntilFree} from './ms-until-free.ts';

const HELD_MS = 15_000;
const STALLS_MS = 60_000;
/** With the likeliest others of each token, more bytes than sockets hold. */
const TOKENS = 3_900;
const OTHERS = 20;
const MOST_GROWTH_BYTES = 16 * 2 ** 20;

type Options = {
  readonly server: ServerProcess;
  readonly model: string;
  readonly tabs: readonly Tab[];
  readonly signal: AbortSignal;
};

/** A reader that takes one byte and then none holds up its own answer, loses it within a minute, and costs no memory. */
export async function stallReader({server, model, tabs, signal}: Options): Promise<SoakResult> {
  const before = await heapOf(server.child);
  const asking = request(`${server.url}/v1/chat/completions`, {method: 'POST', signal});
  const messages = [{role: 'user', content: 'Count.'}];
  const many = {max_tokens: TOKENS, logprobs: true, top_logprobs: OTHERS, stream: true};
  asking.end(JSON.stringify({model, messages, ...many}));
  const answered = Promise.withResolvers<IncomingMessage>();
  asking.once('response', answered.resolve).once('error', answered.reject);
  const response = await answered.promise;
  await wait(HELD_MS, undefined, {signal});
  const {running} = await gatewayCounts(server.url, signal);
  const grown = (await heapOf(server.child)) - before;
  const {open} = await msUntilFree(tabs, STALLS_MS / 2);
  const after = await gatewayCounts(server.url, signal);
  response.destroy();
  const checks = [
    atLeast('answers held up by a reader that takes nothing', running, 1),
    atMost('bytes of heap that it costs', grown, MOST_GROWTH_BYTES),
    atMost('sessions that are open after a minute of it', open, 0),
    atMost('answers that run after a minute of it', after.running, 0),
  ];
  return {checks, figures: {}};
}
