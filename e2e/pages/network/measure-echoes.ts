import type {PeerId} from '#shared/base/ids.ts';
import type {Transport} from '#shared/transport/transport.ts';

type Options = {
  readonly to: PeerId;
  readonly count: number;
  readonly frameBytes: number;
  readonly signal: AbortSignal;
};

/** How long each of `count` frames, one after the other, takes to the peer and back. Ms. */
export async function measureEchoes(
  transport: Transport,
  {to, count, frameBytes, signal}: Options,
): Promise<readonly number[]> {
  const takenMs: number[] = [];
  let echoed = Promise.withResolvers<void>();
  const stop = transport.onFrame((from) => {
    if (from === to) echoed.resolve();
  });
  try {
    for (let sent = 0; sent < count; sent += 1) {
      echoed = Promise.withResolvers<void>();
      const startMs = performance.now();
      await transport.send(to, new Uint8Array(frameBytes), {signal});
      await echoed.promise;
      takenMs.push(performance.now() - startMs);
    }
    return takenMs;
  } finally {
    stop();
  }
}
