import {ChannelPipe} from '#shared/transport/channel/channel-pipe.ts';
import {serveHalf} from '#shared/transport/channel/serve-half.ts';
import type {HalfReport} from '#shared/transport/channel/half-port.ts';
import {SubflowPipe} from '#shared/transport/subflow/subflow-pipe.ts';
import type {OpenHalf, OpenHalves} from './worker-link-channels.ts';

let openHalves = 0;

function count(change: 1 | -1): void {
  openHalves += change;
  postMessage({openHalves} satisfies OpenHalves);
}

addEventListener('message', ({data: {channel, half, port}}: MessageEvent<OpenHalf>) => {
  const first = new ChannelPipe(channel);
  const pipe = new SubflowPipe(first);
  count(1);
  serveHalf({
    pipe,
    half,
    port,
    addSubflow: async ({channel: other, probes, firstProbes}) => {
      const second = new ChannelPipe(other);
      second.probeOver(probes);
      if (firstProbes !== null) first.probeOver(firstProbes);
      pipe.add(second);
      await second.opened();
    },
    onEnded: () => count(-1),
  });
  void first.opened().then(
    () => port.postMessage({kind: 'opened'} satisfies HalfReport),
    () => undefined, // The end of the pipe is reported by its half.
  );
});
