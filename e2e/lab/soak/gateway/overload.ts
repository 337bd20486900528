import {atLeast, atMost} from '#shared/lab/virtual-swarm/checks.ts';
import type {ServerProcess} from '../../../swarm/server/server-process.ts';
import {heapOf} from '../heap/heap-of.ts';
import type {SoakResult} from '../soak.ts';
import {askApi} from '../../../swarm/server/ask-api.ts';
import {countsWhenOver} from './gateway-counts.ts';

/** Sessions that each tab gives one client. */
const CAPACITY = 6;
const TIMES = 5;
const ROUNDS = 4;
const TOKENS = 24;
const MOST_GROWTH = 1.1;

type Options = {
  readonly server: ServerProcess;
  readonly model: string;
  readonly signal: AbortSignal;
};

/** Five times as many callers at once as the swarm has room for: each is answered, or hears when to come again. */
export async function overload({server, model, signal}: Options): Promise<SoakResult> {
  const heapBytes: number[] = [];
  let lost = 0;
  let answered = 0;
  let refused = 0;
  let withoutTime = 0;
  for (let round = 0; round <= ROUNDS; round += 1) {
    const messages = [{role: 'user', content: 'Count.'}];
    const body = {model, messages, max_tokens: TOKENS};
    const all = await Promise.all(
      Array.from({length: TIMES * CAPACITY}, async (_, caller) =>
        askApi(server.url, {caller, body, signal}),
      ),
    );
    for (const {status, retryAfterMs} of all) {
      if (status === 200) answered += 1;
      else if (status === 429) refused += 1;
      else lost += 1;
      if (status === 429 && !(Number(retryAfterMs) > 0)) withoutTime += 1;
    }
    heapBytes.push(await heapOf(server.child));
  }
  const {running, waiting} = await countsWhenOver(server.url, signal);
  const [first = 0] = heapBytes;
  return {
    checks: [
      atLeast('overload: answered', answered, (ROUNDS + 1) * CAPACITY),
      atLeast('overload: refused with 429', refused, ROUNDS + 1),
      atMost('overload: refused without a time to come again', withoutTime, 0),
      atMost('overload: neither answered nor refused', lost, 0),
      atMost('overload: answers that still run or wait', running + waiting, 0),
      atMost(
        'overload: heap after it, of that after its first round',
        (heapBytes.at(-1) ?? 0) / first,
        MOST_GROWTH,
      ),
    ],
    figures: {overload: {answered, refused, heapBytes}},
  };
}
