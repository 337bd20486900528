import type {PeerId} from '#shared/base/ids.ts';
import type {Transport} from '#shared/transport/transport.ts';
import type {EchoPlan} from './network-control.ts';

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
  {count}: Pick<EchoPlan, 'count'>,
  exchange: () => Promise<void>,
): Promise<readonly number[]> {
  const tookMs: number[] = [];
  for (let round = 0; round < count; round += 1) {
    const startMs = performance.now();
    await exchange();
    tookMs.push(performance.now() - startMs);
  }
  return tookMs;
}
