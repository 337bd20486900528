import {HostileWorld} from '../../../pages/hostile/hostile-world.ts';
import type {Flood} from '../../../pages/hostile/hostile-control.ts';
import {greedyRequest} from '../../../swarm/ask.ts';
import type {Tab} from '../../../swarm/tab.ts';
import {lineOf} from '../bench-line.ts';
import type {Benchmark, BenchmarkContext} from '../benchmark.ts';
import {untilSeenAgain} from './seen-again.ts';

const FLOODS: readonly Flood[] = ['pings', 'announcements'];
const FLOOD_MS = 12_000;
/** What is left of the speed of honest answers. */
const SPEED_FLOOR = 0.7;
const SEEN_FLOOR_MS = 5_000;
/** Ends what hangs. */
const TIMEOUT_MS = 120_000;
/** More than come in the time of a flood. */
const TOKENS = 3_000;

/** A peer that floods one tab: what is left of an answer's speed, and when the tab serves afterwards. */
export const benchFloods: Benchmark = async (context) => {
  for (const kind of FLOODS) {
    // Each gets its own: a peer that has flooded once is not let in again.
    const world = await HostileWorld.start(context.log);
    try {
      await measure(context, world, kind);
    } finally {
      await world.stop();
    }
  }
};

async function measure(
  {log, print, signal}: BenchmarkContext,
  {head, client, hostile}: HostileWorld,
  kind: Flood,
): Promise<void> {
  signal.throwIfAborted();
  const quiet = await tokensPerSec(client, AbortSignal.timeout(FLOOD_MS));
  const over = new AbortController();
  const flooding = hostile.flood(head.peerId, {kind, forMs: FLOOD_MS}).finally(() => over.abort());
  const flooded = await tokensPerSec(client, over.signal);
  const {sent, links} = await flooding;
  log(`${sent} ${kind} over ${links} links`);
  const seen = await untilSeenAgain(client, {
    peerId: head.peerId,
    // Listed at all: a record lasts longer than a flood, and is renewed when its time comes.
    madeAfterMs: 0,
    signal: AbortSignal.any([signal, AbortSignal.timeout(TIMEOUT_MS)]),
  });
  const name = `floods: ${kind}`;
  print({
    ...lineOf(`${name}, tokens per second`, flooded, '1/s'),
    against: quiet,
    ratio: flooded / quiet,
    floor: SPEED_FLOOR,
  });
  print({...lineOf(`${name}, until listed`, seen.listedMs, 'ms'), floor: SEEN_FLOOR_MS});
  print({...lineOf(`${name}, until serving`, seen.servingMs, 'ms'), floor: SEEN_FLOOR_MS});
}

/** Tokens of answers asked one after the other until `over`; one that fails costs its time. */
async function tokensPerSec(client: Tab, over: AbortSignal): Promise<number> {
  const startedMs = performance.now();
  let tokens = 0;
  while (!over.aborted) {
    await client
      .ask(greedyRequest('Who is there?', {maxNewTokens: TOKENS}), {
        signal: over,
        onEvent: ({kind}) => {
          if (kind === 'token') tokens += 1;
        },
      })
      .catch(() => undefined); // Ended by `over`, or asked again.
  }
  return (1000 * tokens) / (performance.now() - startedMs);
}
