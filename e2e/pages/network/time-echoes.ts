import type {PeerId} from '#shared/base/ids.ts';
import type {Transport} from '#shared/transport/transport.ts';
import type {EchoPlan} from './network-control.ts';

/** Sends each frame back to whoever sent it. */
export function echoFrames(transport: Transport): void {
  const {signal} = new AbortController();
  transport.onFrame((from, frame) => transport.send(from, frame, {signal}));
}

/** Sends a frame, waits until it is back, and so on. @returns what each took, in ms. */
export async function timeEchoes(
  transport: Transport,
  to: PeerId,
  plan: EchoPlan,
): Promise<readonly number[]> {
  const {signal} = new AbortController();
  let back = Promise.withResolvers<void>();
  const stop = transport.onFrame(() => {
    back.resolve();
  });
  const tookMs = await timeRounds(plan, async () => {
    back = Promise.withResolvers<void>();
    await transport.send(to, new Uint8Array(plan.bytes), {signal});
    await back.promise;
  });
  stop();
  return tookMs;
}

/** Makes one exchange after the other. @returns what each took, in ms. */
export async function timeRounds(
  {count, pauseMs}: Pick<EchoPlan, 'count' | 'pauseMs'>,
  exchange: () => Promise<void>,
): Promise<readonly number[]> {
  const tookMs: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const startMs = performance.now();
    await exchange();
    tookMs.push(performance.now() - startMs);
    await new Promise((resolve) => void setTimeout(resolve, pauseMs));
  }
  return tookMs;
}
